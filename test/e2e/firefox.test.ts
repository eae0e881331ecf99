import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Firefox } from '../support/firefox.ts';
import { domain, Internet } from '../support/internet.ts';
import { pairAtTerminal } from '../support/pairing.ts';
import { Proxy } from '../support/proxy.ts';
import type { TestClient, TestVault } from '../support/vault.ts';
import { canary } from '../support/vault.ts';

let internet: Internet;
let proxy: Proxy;
let firefox: Firefox;
let vault: TestVault;
let client: TestClient;

beforeAll(async () => {
  internet = await Internet.open();
  proxy = await Proxy.open(internet.port);
  firefox = await Firefox.launch({ proxyPort: proxy.port, authority: internet.authority });
  await firefox.addAuthenticator();
  vault = await internet.openVault();
}, 60_000);
afterAll(async () => {
  await vault.close();
  await firefox.close();
  await proxy.close();
  await internet.close();
});
beforeEach(async () => {
  client = await vault.connect();
});
afterEach(() => client.close());

describe('in Firefox', { timeout: 60_000 }, () => {
  it('a passkey is paired, approves, and is not needed to deny', async () => {
    await pairAtTerminal(vault, 'Firefox', async (url) => {
      await firefox.open(url);
      await firefox.click('#go');
    });
    expect(await firefox.textOf('#result')).toBe('Paired');

    const first = client.get();
    const link = await client.link(1);
    expect(new URL(link).host).toBe(domain);
    await firefox.open(link);
    await firefox.click('.approve');
    expect(await firefox.textOf('main.end h1')).toBe('Approved');
    expect((await first).text).toBe(canary);

    const second = client.get();
    await firefox.open(await client.link(2));
    await firefox.click('.deny');
    expect(await firefox.textOf('main.end h1')).toBe('Denied');
    expect((await second).text).toMatch(/^denied:/u);
    const decisions = vault.rows().filter(({ action }) => action === 'approved' || action === 'denied');
    expect(decisions.map(({ action, approver, factor }) => [action, approver, factor])).toEqual([
      ['approved', 'Firefox', 'passkey'],
      ['denied', 'link holder', 'link'],
    ]);
  });
});
