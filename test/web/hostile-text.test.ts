import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionId } from '../../src/core/request.ts';
import type { Stand } from './support.ts';
import { openStand, someRequest, Visit } from './support.ts';

let stand: Stand;
beforeAll(() => {
  stand = openStand();
});
afterAll(() => stand.close());

const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u;
const markup = `</blockquote><script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt;`;
const controls = 'a\u0000b\u001b[31mc\u202Ed\u2066e\u200Bf\u{E0041}g\uFEFFh\u2028i\rj';

/** The page with every text of the request replaced. */
async function pageWith(text: string): Promise<string> {
  const name = {
    id: text,
    name: text,
    title: text,
    group: text,
    groupTitle: text,
    effect: 'replace' as const,
    preview: text,
  };
  const session = { id: 's' as SessionId, agent: text, folder: text, pid: 1 };
  const lines = [{ subject: text, says: text, isWide: true }];
  const { policy } = someRequest;
  stand.policies.proposed = { digest: 'a'.repeat(64), isNew: true, file: text, lines, policy };
  const { url } = await stand.ask({
    vault: text,
    vaultType: text,
    reason: text,
    names: [name],
    session,
    operation: 'write',
  });
  const visit = new Visit(url);
  const open = (await visit.open()).body;
  await visit.post([
    ['decision', 'deny'],
    ['note', text],
  ]);
  stand.policies.proposed = null;
  return open + (await visit.open()).body;
}

describe('hostile text', () => {
  it('stays text wherever it stands on a page', async () => {
    const page = await pageWith(markup);
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('<img src=x');
    expect(page.match(/<\/blockquote>/g)).toHaveLength(1);
    const escaped =
      '&lt;/blockquote&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;lt;';
    // Name, title, group, preview, vault and agent on both pages; on the first also vault type, folder, reason and what the
    // config says (its file, a subject, a line); on the second the note.
    expect(page.split(escaped)).toHaveLength(1 + 2 * 6 + 3 + 3 + 1);
  });

  it('hides nothing: control, bidi and invisible characters are shown as escapes', async () => {
    const page = await pageWith(controls);
    expect(unseen.exec(page.replaceAll('\n', ''))).toBeNull();
    expect(page).toContain('a\\u{0}b\\u{1b}[31mc\\u{202e}d\\u{2066}e\\u{200b}f\\u{e0041}g\\u{feff}h\\u{2028}i\\u{d}j');
  });

  it('is complete: a long reason keeps every character and its line breaks', async () => {
    const reason = Array.from({ length: 100 }, (_, at) => `line ${at} of why`)
      .join('\n')
      .padEnd(2_000, '.');
    const { url } = await stand.ask({ reason });
    expect((await new Visit(url).open()).body).toContain(`<blockquote dir="auto">${reason}</blockquote>`);
  });

  it('is complete: 200 names are all there, with a way past them', async () => {
    const names = Array.from({ length: 200 }, (_, at) => ({ id: `${at}`, name: `NAME_${at}_${'x'.repeat(240)}` }));
    const { url } = await stand.ask({ ...someRequest, key: 'many', names });
    const { body } = await new Visit(url).open();
    for (const { name } of names) expect(body).toContain(`<bdi>${name}</bdi>`);
    expect(body).toContain('200 secrets');
    expect(body).toContain('href="#said"');
  });

  it('leads with what is behind a reference, on the page and on its outcome, however long its title', async () => {
    const title = `PRODUCTION root database ${'x'.repeat(2_000)} › a`;
    const reference = 'op://vault1/item2/a';
    const { url } = await stand.ask({ names: [{ id: reference, name: reference, title, groupTitle: 'Private' }] });
    const visit = new Visit(url);
    const lines = `<span class="title"><bdi>${title}</bdi></span><span class="name"><bdi>${reference}</bdi></span>`;
    expect((await visit.open()).body).toContain(lines);
    await visit.decide('deny');
    expect((await visit.open()).body).toContain(lines);
  });

  it('leaves the title out where it is the name', async () => {
    const { url } = await stand.ask();
    expect((await new Visit(url).open()).body).not.toContain('class="title"');
  });

  it('of the agent stands apart from what is known', async () => {
    const { url } = await stand.ask({ reason: 'Because REPLACES is fine' });
    const { body } = await new Visit(url).open();
    const [known = '', said = ''] = body.split('What the agent says</h2>');
    expect(known).not.toContain('Because');
    expect(said).toContain('Because REPLACES is fine');
    expect(said).toContain('Nobody has checked them.');
  });
});
