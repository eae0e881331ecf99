import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { domain, localOf } from '../support/internet.ts';
import { Owner } from '../support/owner.ts';
import type { TestClient, TestVault } from '../support/vault.ts';
import { canary, forcedApproval } from '../support/vault.ts';

const elsewhere = `The endpoint 'https://${domain}' is already online.\n\nERR_NGROK_334\n`;

let refusal: string | null = null;
let owner: Owner;
let vault: TestVault;
let client: TestClient;

beforeAll(async () => {
  owner = await Owner.open(() => refusal);
}, 60_000);
afterAll(() => owner.close());
beforeEach(async () => {
  refusal = null;
  vault = await owner.openVault();
  client = await vault.connect();
});
afterEach(async () => {
  await client.close();
  await vault.close();
});

type Read = ReturnType<TestClient['get']>;

/** An agent asks, and the page is opened. */
async function asked(
  page = owner.page,
  at = (link: string) => Promise.resolve(link),
): Promise<{ read: Read; link: string }> {
  const read = client.get();
  const link = await client.link();
  await page.goto(await at(link));
  return { read, link };
}

async function told(page: Page): Promise<string> {
  await page.locator('#notice:visible').waitFor();
  return page.locator('#notice').innerText();
}

async function approve(page: Page): Promise<void> {
  await page.tap('.approve');
  await page.waitForSelector('main.end');
}

/** The way out that every page has. */
async function deny(page: Page, read: Read): Promise<void> {
  await page.tap('.deny');
  await page.waitForSelector('main.end');
  expect((await read).text).toMatch(/^denied:/u);
}

const isOpen = (): void => expect(vault.actions()).toEqual(['requested API_KEY']);
const wayOut = (page: Page): Promise<string> => page.locator('.way-out:visible').innerText();

/** A browser that does not insist on what the page wants of the passkey, as an attacker's would not. */
function lenient(change: string): string {
  return `{
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = ({ publicKey, ...rest }) => get({ ...rest, publicKey: { ...publicKey, ${change} } });
  }`;
}

const newPasskey = `navigator.credentials.create({
  publicKey: {
    rp: { id: location.hostname, name: 'the same page' },
    user: { id: new Uint8Array(16), name: 'somebody else', displayName: 'somebody else' },
    challenge: new Uint8Array(32),
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  },
}).then(({ id }) => id)`;

describe('a passkey that does not count', { timeout: 60_000 }, () => {
  it('for want of the screen lock: the page says so, and the next try may succeed', async () => {
    const { page, device } = owner;
    const { read } = await asked();
    await device.verifies(false);
    await page.tap('.approve');
    expect(await told(page)).toContain('Nothing was decided: the passkey was cancelled');
    await page.evaluate(lenient(`userVerification: 'discouraged'`));
    await page.tap('.approve');
    await page.getByText('Your device did not check that it is you.').waitFor();
    isOpen();
    await device.verifies(true);
    await approve(page);
    expect((await read).text).toBe(canary);
  });

  it('because it is on somebody else’s phone', async () => {
    const { page, device } = await owner.newPhone();
    const { read } = await asked(page);
    await page.tap('.approve');
    expect(await told(page)).toContain('this device has none');
    await page.evaluate(newPasskey);
    expect(await device.count()).toBe(1);
    await page.evaluate(lenient('allowCredentials: []'));
    await page.tap('.approve');
    await page.getByText('That passkey is not paired with this Agent Vault.').waitFor();
    isOpen();
    await deny(page, read);
  });
});

describe('a browser that cannot use passkeys', { timeout: 60_000 }, () => {
  it('says what to do instead, and can deny', async () => {
    const { page } = await owner.newPhone();
    await page.addInitScript('delete window.PublicKeyCredential');
    const { read } = await asked(page);
    expect(await wayOut(page)).toMatch(/cannot use passkeys[^]*another browser[^]*You can deny here/u);
    expect(await page.locator('.approve').isDisabled()).toBe(true);
    await deny(page, read);
  });

  it('says so without JavaScript too', async () => {
    const { page } = await owner.newPhone({ javaScriptEnabled: false });
    const { read } = await asked(page);
    expect(await wayOut(page)).toMatch(/needs JavaScript[^]*another browser[^]*You can deny here/u);
    expect(await page.locator('.approve').isDisabled()).toBe(true);
    await deny(page, read);
  });
});

describe('at another address than the one of the passkey', { timeout: 60_000 }, () => {
  it('on the machine itself, the page says where it counts; there, the same request is approved', async () => {
    const { page } = owner;
    const { read, link } = await asked(page, (public_) => localOf(vault, public_));
    expect(await wayOut(page)).toContain(`Your passkey counts only at https://${domain}`);
    expect(await page.locator('.approve').count()).toBe(0);
    expect(await forcedApproval(await localOf(vault, link))).toBe(403);
    isOpen();
    await page.goto(link);
    await approve(page);
    expect((await read).text).toBe(canary);
  });

  it('while the tunnel is lost, nothing is approved and both pages say why; once it is back, it goes on', async () => {
    const { page } = owner;
    const { read, link } = await asked();
    await owner.internet.cut();
    await page.tap('.approve');
    expect(await told(page)).toContain('Agent Vault did not answer');
    const local = await localOf(vault, link);
    await expect.poll(() => client.stderr).toContain('the ngrok tunnel is down');
    await page.goto(local);
    expect(await wayOut(page)).toContain('which does not lead to this Agent Vault now');
    expect(await forcedApproval(local)).toBe(403);
    isOpen();
    await owner.internet.restore();
    await expect.poll(() => client.stderr, { timeout: 30_000 }).toContain('the ngrok tunnel is back');
    await page.goto(link);
    await approve(page);
    expect((await read).text).toBe(canary);
  });

  it('while another process of the person has the address, which its link and its page say', async () => {
    const { page } = owner;
    const first = client;
    const { read } = await asked();
    client = await vault.connect();
    const second = client.get('OTHER');
    const link = await client.link();
    expect(link).toMatch(/^http:\/\/localhost:/u);
    expect(client.stderr).toMatch(/already online elsewhere[^]*counts only at https:\/\/vault\.example\.test/u);
    const other = await owner.newPhone();
    await other.page.goto(link);
    expect(await wayOut(other.page)).toContain('already online elsewhere');
    expect(await forcedApproval(link)).toBe(403);
    await deny(other.page, second);
    await approve(page);
    expect((await read).text).toBe(canary);
    await first.close();
    const third = client.get();
    await page.goto(await client.link(2));
    await approve(page);
    expect((await third).text).toBe(canary);
  });

  it('once somebody else took the address over, approvals stop and the page says so', async () => {
    const { page } = owner;
    const { read, link } = await asked();
    refusal = elsewhere;
    owner.internet.edge.drop();
    await expect.poll(() => client.stderr, { timeout: 30_000 }).toContain('already online elsewhere');
    const local = await localOf(vault, link);
    await page.goto(local);
    expect(await wayOut(page)).toContain('already online elsewhere');
    expect(await forcedApproval(local)).toBe(403);
    isOpen();
    await deny(page, read);
  });
});
