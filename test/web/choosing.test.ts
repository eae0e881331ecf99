import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveRequest } from '../../src/core/live-request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { sessionId } from '../../src/core/request.ts';
import type { Reply, Stand } from './support.ts';
import { openStand, someRequest, someWrite, Visit } from './support.ts';

const minute = 60_000;
const { policy, session } = someRequest;
const batch = ['A', 'B', 'C'].map((name) => ({ id: `id-${name}`, name }));
const proposal = {
  digest: 'a'.repeat(64),
  isNew: false,
  file: '~/code/shop/agent-vault.config.json',
  lines: [
    { subject: 'vault dev', says: 'remembers for 1440 minutes instead of 15', isWide: true },
    { subject: 'webhook logs.example.com', says: 'gets every event', isWide: false },
  ],
  policy: { ...policy, ttlMs: 1_440 * minute },
};

let stand: Stand;
beforeEach(() => {
  stand = openStand({ cooldownMs: 10 * minute });
});
afterEach(() => stand.close());

interface Opened {
  readonly visit: Visit;
  readonly request: LiveRequest;
  readonly page: Reply;
}

async function opened(asked: Parameters<Stand['ask']>[0] = {}): Promise<Opened> {
  const { url, request } = await stand.ask({ session: { ...session, id: sessionId(systemRandom.id()) }, ...asked });
  const visit = new Visit(url);
  return { visit, request, page: await visit.open() };
}

/** What was approved: names, minutes, scope. */
function granted({ decision, names }: LiveRequest): unknown {
  if (decision?.approve !== true) return null;
  const minutes = decision.until === undefined ? 0 : (decision.until.wall - decision.at.wall) / minute;
  return [names.filter(({ id }) => decision.allowed.has(id)).map(({ name }) => name), minutes, decision.scope];
}

describe('for how long', () => {
  it('is the vault’s own time unless something shorter is chosen', async () => {
    const usual = await opened();
    expect((await usual.visit.decide('approve')).status).toBe(303);
    expect(granted(usual.request)).toEqual([['STRIPE_TEST_KEY'], 15, 'secret']);
    const shorter = await opened();
    await shorter.visit.approveWith({ window: '300000' });
    expect(granted(shorter.request)).toEqual([['STRIPE_TEST_KEY'], 5, 'secret']);
    const once = await opened();
    await once.visit.approveWith({ window: '0' });
    expect(granted(once.request)).toEqual([['STRIPE_TEST_KEY'], 0, 'secret']);
  });

  it('is never longer than the vault allows, whatever is posted', async () => {
    const { visit, request } = await opened();
    await visit.approveWith({ window: '999999999', scope: 'vault' });
    expect(granted(request)).toEqual([['STRIPE_TEST_KEY'], 15, 'secret']);
  });

  it('is nothing to choose for a write, or where every read asks', async () => {
    expect((await opened(someWrite)).page.body).not.toContain('name="window"');
    expect((await opened({ policy: { ...policy, ttlMs: 0 } })).page.body).not.toContain('name="window"');
  });
});

describe('the whole vault', () => {
  const wide = { policy: { ...policy, scope: 'vault' as const } };

  it('is chosen at first where the config says so, and can be declined', async () => {
    const usual = await opened(wide);
    await usual.visit.decide('approve');
    expect(granted(usual.request)).toEqual([['STRIPE_TEST_KEY'], 15, 'vault']);
    const narrow = await opened(wide);
    await narrow.visit.approveWith({ scope: 'secret' });
    expect(granted(narrow.request)).toEqual([['STRIPE_TEST_KEY'], 15, 'secret']);
  });

  it('takes no name out, which the page says', async () => {
    const { visit, request, page } = await opened({ ...wide, names: batch });
    expect(page.body).toContain('none of the names can be left out');
    const reply = await visit.approveWith({ name: ['0', '2'] });
    expect(reply.status).toBe(400);
    expect(reply.body).toContain('with the whole vault, no secret can be left out');
    expect(request.state).toBe('pending');
  });
});

describe('the names of a batch', () => {
  it('are all ticked at first, and only those that stay so are approved', async () => {
    const { visit, request, page } = await opened({ names: batch });
    expect(page.body.match(/name="name" value="\d" form="approve"[^>]* checked/g)).toHaveLength(3);
    await visit.approveWith({ name: ['0', '2'], window: '300000' });
    expect(granted(request)).toEqual([['A', 'C'], 5, 'secret']);
    const { body } = await visit.open();
    expect(body).toContain('Approved in part');
    expect(body).toMatch(/<li class="refused">[^]*?<bdi>B<\/bdi>[^]*?NOT APPROVED/);
    expect(body).toContain('It may read these secrets without asking until');
  });

  it('cannot all be unticked', async () => {
    const { visit, request } = await opened({ names: batch });
    const reply = await visit.approveWith({ name: null });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatch(/role="alert"[^>]*>Nothing was decided: no secret is ticked/);
    expect(request.state).toBe('pending');
  });

  it('stay as they were ticked, as does the rest, when the page comes once more', async () => {
    const { visit } = await opened({ names: batch });
    stand.disk.full = true;
    const reply = await visit.approveWith({ name: ['0', '2'], window: '300000' });
    expect(reply.status).toBe(503);
    const ticked = [...reply.body.matchAll(/name="(\w+)" value="(\d+)" form="approve"[^>]* checked/g)];
    expect(ticked.map(([, name, value]) => [name, value])).toEqual([
      ['name', '0'],
      ['name', '2'],
      ['window', '300000'],
    ]);
  });

  it('have no boxes for a write, which is made whole or not at all', async () => {
    const { visit, request, page } = await opened(someWrite);
    expect(page.body).not.toContain('name="name"');
    expect((await visit.approveWith({ name: ['0'] })).status).toBe(400);
    expect(request.state).toBe('pending');
    expect((await visit.decide('approve')).status).toBe(303);
  });
});

describe('a denial', () => {
  it('takes a note to the agent', async () => {
    const { visit, request } = await opened();
    await visit.post([
      ['decision', 'deny'],
      ['note', 'Use the test key.\r\nIt is in .env.test.'],
    ]);
    expect(request.decision).toMatchObject({ approve: false, note: 'Use the test key.\nIt is in .env.test.' });
    expect((await visit.open()).body).toContain('Use the test key.\nIt is in .env.test.');
  });

  it('is followed by a time in which the names are refused, which the page can lift', async () => {
    const { visit, request } = await opened();
    await visit.decide('deny');
    expect((await visit.open()).body).toMatch(
      /If it asks for this secret again, that is refused for <b>10 minutes<\/b>/,
    );
    const again = (): unknown => stand.approvals.open({ ...request, key: 'again' });
    expect(again).toThrow('denied');
    const lifted = await visit.post([], {}, '/lift');
    expect(lifted).toMatchObject({ status: 303, headers: { location: visit.url.pathname + visit.url.search } });
    expect((await visit.open()).body).not.toContain('is refused for');
    expect(again).not.toThrow();
  });

  it('can mute the session, which the page tells and can lift too', async () => {
    const { visit, request } = await opened();
    await visit.post([
      ['decision', 'deny'],
      ['mute', 'on'],
    ]);
    expect((await visit.open()).body).toMatch(/This agent is muted: whatever it asks is refused for <b>1 hour<\/b>/);
    const other = (): unknown => stand.approvals.open({ ...request, key: 'other', names: batch });
    expect(other).toThrow('muted');
    await visit.post([], {}, '/lift');
    expect(other).not.toThrow();
  });

  it('stays as it is if the lifting cannot be written down', async () => {
    const { visit } = await opened();
    await visit.decide('deny');
    await visit.open();
    stand.disk.full = true;
    const reply = await visit.post([], {}, '/lift');
    expect(reply.status).toBe(503);
    expect(reply.body).toContain('the audit log could not be written');
    expect(reply.body).toContain('is refused for');
  });

  it('is lifted by the browser that denied, not by another one that has the link', async () => {
    const { visit, request } = await opened();
    const other = new Visit(visit.url);
    await other.open();
    await visit.decide('deny');
    const page = (await other.open()).body;
    expect(page).toContain('is refused for');
    expect(page).not.toContain('Let it ask again');
    expect((await other.post([], {}, '/lift')).status).toBe(403);
    expect(() => stand.approvals.open({ ...request, key: 'again' })).toThrow('denied');
  });

  it.each([
    ['another browser', { headers: { Cookie: '' } }, 404],
    ['another site', { headers: { Origin: 'https://evil.example' } }, 403],
    ['a form without its token', { body: 'csrf=abc' }, 400],
    ['a form with more in it', { body: 'csrf=abc&decision=approve' }, 400],
    ['a fetch', { method: 'GET', body: '' }, 405],
  ])('is not lifted by %s', async (_what, changed, status) => {
    const { visit, request } = await opened();
    await visit.decide('deny');
    await visit.open();
    expect((await visit.post([], changed, '/lift')).status).toBe(status);
    expect(() => stand.approvals.open({ ...request, key: 'again' })).toThrow('denied');
  });
});

describe('the digits of the terminal', () => {
  const careful = { policy: { ...policy, confirm: 'code' as const } };
  const wrong = ({ code }: LiveRequest): string => (code === '10' ? '11' : '10');

  it('have to be typed, and are on no page', async () => {
    const { visit, request, page } = await opened(careful);
    expect(page.body).toContain('Two digits from the terminal');
    expect(page.body).not.toContain(`value="${request.code}"`);
    const empty = await visit.decide('approve');
    expect(empty.body).toContain('type the two digits that the terminal shows');
    const reply = await visit.approveWith({ code: wrong(request) });
    expect(reply.status).toBe(403);
    expect(reply.body).toContain('the terminal shows other digits');
    expect(request.state).toBe('pending');
    expect((await visit.approveWith({ code: request.code })).status).toBe(303);
    expect(request.state).toBe('approved');
  });

  it('typed wrongly three times end the request, which the page says', async () => {
    const { visit, request } = await opened(careful);
    await visit.approveWith({ code: wrong(request) });
    await visit.approveWith({ code: wrong(request) });
    const last = await visit.approveWith({ code: wrong(request) });
    expect(request.state).toBe('withdrawn');
    expect(last.body).toContain('<h1>Withdrawn</h1>');
    expect(last.body).toMatch(/role="alert">Nothing was decided: the terminal shows other digits/);
    expect((await visit.approveWith({ code: request.code })).status).toBe(303);
    expect(request.state).toBe('withdrawn');
  });

  it('are not needed to deny', async () => {
    const { visit, request } = await opened(careful);
    await visit.decide('deny');
    expect(request.state).toBe('denied');
  });
});

describe('a config that was changed', () => {
  it('is shown line by line, with what goes far marked in words', async () => {
    stand.policies.proposed = proposal;
    const { page } = await opened();
    expect(page.body).toContain('The config has changed');
    expect(page.body.match(/Look closely/g)).toHaveLength(1);
    for (const { subject, says } of proposal.lines) {
      expect(page.body).toContain(`<bdi>${subject}</bdi>`);
      expect(page.body).toContain(`<bdi>${says}</bdi>`);
    }
    expect(page.body.indexOf('The config has changed')).toBeLessThan(page.body.indexOf('>Approve<'));
  });

  it('is approved by the same tap, which opens no longer window than before unless one is chosen', async () => {
    stand.policies.proposed = proposal;
    const { visit, request } = await opened();
    await visit.decide('approve');
    expect(stand.policies.accepted).toEqual([proposal.digest]);
    expect(granted(request)).toEqual([['STRIPE_TEST_KEY'], 15, 'secret']);
    expect((await visit.open()).body).toContain('Its config is approved too.');
  });

  it('can be left out; then what was approved before stays in force', async () => {
    stand.policies.proposed = proposal;
    const { visit, request } = await opened();
    await visit.approveWith({ config: null, window: String(1_440 * minute) });
    expect(stand.policies.accepted).toEqual([]);
    expect(granted(request)).toEqual([['STRIPE_TEST_KEY'], 15, 'secret']);
  });

  it('again while the person reads is not approved, and not ticked on the page that says so', async () => {
    stand.policies.proposed = proposal;
    const { visit, request } = await opened();
    stand.policies.proposed = {
      ...proposal,
      digest: 'b'.repeat(64),
      lines: [{ ...proposal.lines[0]!, says: 'worse' }],
    };
    const reply = await visit.decide('approve');
    expect(reply.status).toBe(409);
    expect(reply.body).toContain('the config was changed meanwhile');
    expect(reply.body).toContain('worse');
    expect(reply.body).not.toMatch(/name="config"[^>]* checked/);
    expect([request.state, stand.policies.accepted]).toEqual(['pending', []]);
  });

  it('is not approved by a denial', async () => {
    stand.policies.proposed = proposal;
    const { visit } = await opened();
    await visit.post([
      ['decision', 'deny'],
      ['config', proposal.digest],
    ]);
    expect(stand.policies.accepted).toEqual([]);
  });
});

describe('a config that nobody has approved yet', () => {
  it('says so, and what an approval without it would mean', async () => {
    stand.policies.proposed = { ...proposal, isNew: true };
    const { visit, request, page } = await opened({ policy: { ...policy, ttlMs: 0 } });
    expect(page.body).toContain('This config has not been approved before');
    expect(page.body).toContain('Unticked, the config has no effect, and this request is approved only once.');
    await visit.approveWith({ config: null });
    expect(granted(request)).toEqual([['STRIPE_TEST_KEY'], 0, 'secret']);
  });
});

describe('other requests of the agent', () => {
  it('are counted on the page and on its outcome, with the way to the next one', async () => {
    const first = await opened({ session });
    expect(first.page.body).not.toContain('of this agent');
    const second = await opened({ session, names: batch });
    await opened();
    const { body } = await first.visit.open();
    const link = `1 more request of this agent waits for you. <a href="${second.visit.url.pathname}${second.visit.url.search.replace('&', '&amp;')}">`;
    expect(body).toContain(`${link}Next: <bdi>read 3 secrets from dev</bdi></a>`);
    await first.visit.decide('deny');
    expect((await first.visit.open()).body).toContain('Next: <bdi>read 3 secrets from dev</bdi></a>');
    await second.visit.decide('approve');
    expect((await first.visit.open()).body).not.toContain('of this agent');
  });
});
