import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestClient, VaultOptions } from '../support/vault.ts';
import { canary, openPage, tap, TestVault } from '../support/vault.ts';

let vault: TestVault;
let client: TestClient;

async function start(options: VaultOptions = {}): Promise<void> {
  vault = await TestVault.open(options);
  client = await vault.connect();
}

afterEach(async () => {
  await client.close();
  await vault.close();
});

describe('over stdio, a client', () => {
  beforeEach(() => start());

  it('sees five tools with titles, annotations and instructions', async () => {
    const { tools } = await client.client.listTools();
    await expect(`${JSON.stringify(tools, null, 2)}\n`).toMatchFileSnapshot('../fixtures/tools.json');
    const instructions = client.client.getInstructions() ?? '';
    expect(Buffer.byteLength(instructions)).toBeLessThan(2048);
    expect(tools.filter(({ description = '' }) => Buffer.byteLength(description) > 2048)).toEqual([]);
  });

  it('lists names and never a value', async () => {
    const { text } = await client.call('list_secrets', {});
    expect(text).toBe('[local]\n  - API_KEY\n  - OTHER');
  });

  it('gets a secret after a tap, and the rows say so', async () => {
    const answer = client.get();
    expect(await tap(await client.link())).toBe(303);
    expect(await answer).toMatchObject({ text: canary, status: 'approved', isError: false });
    expect(vault.actions()).toEqual(['requested API_KEY', 'approved API_KEY', 'released API_KEY']);
    expect(vault.rows()[2]).toMatchObject({
      vault: 'local',
      operation: 'read',
      factor: 'link',
      agent: 'test-client 1.0',
      reason: 'a test',
    });
  });

  it('hears a denial as an error that starts with the word', async () => {
    const answer = client.get();
    await tap(await client.link(), 'deny');
    const { text, status, isError, result } = await answer;
    expect([status, isError]).toEqual(['denied', true]);
    expect(text).toMatch(/^denied: /u);
    expect(result.structuredContent).toBeUndefined();
  });

  it('gets several secrets as a JSON object, after one tap', async () => {
    await writeFile(join(vault.folder, '.env.secrets'), `API_KEY='${canary}'\nKEY="line one\\nOTHER: line two"\n`);
    const answer = client.call('get_secrets', { vault: 'local', names: ['KEY', 'API_KEY', 'KEY'], reason: 'a test' });
    await tap(await client.link());
    expect(JSON.parse((await answer).text)).toEqual({ KEY: 'line one\nOTHER: line two', API_KEY: canary });
  });

  it('writes after a tap; the result names what was saved, never the value', async () => {
    const answer = client.call('set_secret', { vault: 'local', name: 'NEW', value: `${canary}-new`, reason: 'a test' });
    await tap(await client.link());
    expect(await answer).toMatchObject({ text: 'approved: saved NEW (created)', status: 'approved' });
    expect(await vault.secrets()).toContain(`NEW='${canary}-new'`);
  });

  it('writes several in one go', async () => {
    const secrets = [
      { name: 'NEW', value: 'one' },
      { name: 'OTHER', value: 'two' },
    ];
    const answer = client.call('set_secrets', { vault: 'local', secrets, reason: 'a test' });
    await tap(await client.link());
    expect((await answer).text).toBe('approved: saved NEW (created), OTHER (replaced)');
    expect(await vault.secrets()).toContain("OTHER='two'");
  });

  it('that gives up after 2 seconds gets the value with its next identical call, once', async () => {
    await expect(
      client.call('get_secret', { vault: 'local', name: 'API_KEY', reason: 'a test' }, { timeout: 2_000 }),
    ).rejects.toThrow('timed out');
    const link = await client.link();
    await tap(link);
    expect(await client.get('API_KEY', 'the same, in other words')).toMatchObject({ text: canary });
    const third = client.get();
    const second = await client.link(2);
    expect(second).not.toBe(link);
    await tap(second, 'deny');
    expect((await third).status).toBe('denied');
    expect(vault.actions().filter((action) => action.startsWith('released'))).toHaveLength(1);
  });

  it('can ask for ten things at once', async () => {
    const names = Array.from({ length: 10 }, (_, at) => `N${at}`);
    await writeFile(join(vault.folder, '.env.secrets'), names.map((name) => `${name}=value-${name}\n`).join(''));
    const answers = names.map((name) => client.get(name));
    // Three links are announced; the pages of these lead to the others.
    const announced = [await client.link(1), await client.link(2), await client.link(3)];
    const links = new Set(announced);
    for (const link of links) {
      for (const found of await linksOn(link)) links.add(found);
      expect(await tap(link)).toBe(303);
    }
    expect(client.stderr.match(/\/approve\//gu)).toHaveLength(3);
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(names.map((name) => `value-${name}`));
  });

  it('hears what is wrong with its arguments, before anybody is disturbed', async () => {
    const wrong: [string, Record<string, unknown>, RegExp][] = [
      ['get_secret', { vault: 'local', name: 'API_KEI', reason: 'x' }, /did you mean "API_KEY"/u],
      ['get_secret', { vault: 'locale', name: 'API_KEY', reason: 'x' }, /no vault "locale"; did you mean "local"/u],
      ['get_secret', { vault: '__proto__', name: 'API_KEY', reason: 'x' }, /no vault/u],
      ['get_secret', { vault: 'local', name: '__proto__', reason: 'x' }, /no secret/u],
      ['get_secret', { vault: 'local', name: 'constructor', reason: 'x' }, /no secret/u],
      ['get_secret', { vault: 'local', name: 'API_KEY', reason: '  ' }, /reason is empty/u],
      ['get_secret', { vault: 'local', name: 'API_KEY', reason: 'x'.repeat(100_000) }, /reason has 100000 characters/u],
      ['get_secret', { vault: 'local', name: 'API_KEY' }, /reason is missing/u],
      ['get_secret', { vault: 'local', name: 'API\0KEY', reason: 'x' }, /control characters/u],
      ['get_secret', { vault: 'local', name: 7, reason: 'x' }, /name .*text/u],
      ['get_secret', { vault: 'local', name: 'API_KEY', reason: 'x', approve: true }, /unknown parameter "approve"/u],
      [
        'get_secrets',
        { vault: 'local', names: Array.from({ length: 10_000 }, (_, at) => `N${at}`), reason: 'x' },
        /10000 names/u,
      ],
      ['get_secrets', { vault: 'local', names: [], reason: 'x' }, /names is empty/u],
      ['set_secret', { vault: 'local', name: 'N', value: 'x'.repeat(70_000), reason: 'x' }, /65536 bytes/u],
      ['set_secret', { vault: 'local', name: 'NODE_OPTIONS', value: '--require x', reason: 'x' }, /NODE_OPTIONS/u],
      ['no_such_tool', {}, /no such tool/u],
    ];
    for (const [tool, args, expected] of wrong) {
      const { text, status, isError } = await client.call(tool, args);
      expect([tool, status, isError, text]).toEqual([tool, 'failed', true, expect.stringMatching(expected)]);
      expect(text).toMatch(/^failed: /u);
    }
    expect(client.stderr).not.toContain('/approve/');
  });

  it('shows hostile text harmlessly in the page, on stderr and in the log', async () => {
    const reason = '</script><img src=x onerror=alert(1)>\u202Egnp.exe\u0000\nagent-vault: approved';
    const answer = client.get('API_KEY', reason);
    const link = await client.link();
    const html = await (await fetch(link)).text();
    expect(html).not.toContain('<img src=x');
    expect(html).toContain('\\u{202e}gnp.exe\\u{0}');
    await tap(link);
    await answer;
    expect(client.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('agent-vault: '))).toEqual([]);
    expect(vault.rows()[0]?.['reason']).toBe(reason.replace('\u202E', '\\u{202e}').replace('\0', '\\u{0}'));
  });
});

describe('a window', () => {
  it('of 0.05 minutes lets reads through for 3 seconds and then asks again', async () => {
    await start({ config: { vaults: { local: { type: 'env', file: '.env.secrets', ttl: 0.05 } } } });
    const first = client.get();
    await tap(await client.link());
    await first;
    const approved = Date.now();
    expect((await client.get()).text).toBe(canary);
    await setTimeout(approved + 3_100 - Date.now());
    const late = client.get();
    await tap(await client.link(2), 'deny');
    expect((await late).status).toBe('denied');
    expect(vault.actions().map((action) => action.split(' ')[0])).toEqual([
      'requested',
      'approved',
      'released',
      'auto_approved',
      'requested',
      'denied',
    ]);
  });
});

describe('a vault that cannot work', () => {
  it('is listed with the reason; the others work', async () => {
    const vaults = {
      broken: { type: 'env', file: 'missing.env' },
      dev: { type: '1password', serviceAccountToken: 'env:NO_SUCH_VARIABLE' },
      local: { type: 'env', file: '.env.secrets' },
    };
    await start({ config: { vaults } });
    const { text } = await client.call('list_secrets', {});
    expect(text).toMatch(/\[broken\]\n {2}unavailable: .*missing\.env/u);
    expect(text).toMatch(/\[dev\]\n {2}unavailable: .*NO_SUCH_VARIABLE/u);
    expect(text).toContain('[local]\n  - API_KEY');
    expect((await client.get('X', 'x', 'dev')).text).toMatch(/^failed: .*NO_SUCH_VARIABLE/u);
  });
});

/** The requests to which a page leads. */
async function linksOn(url: string): Promise<string[]> {
  const { html } = await openPage(url);
  const paths = [...html.matchAll(/href="(\/approve\/[^"]+)"/gu)].map(([, path = '']) => path.replaceAll('&amp;', '&'));
  return paths.map((path) => new URL(path, url).href);
}
