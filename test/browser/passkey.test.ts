import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPairing } from '../../src/approvers/pairing.ts';
import type { LiveRequest, NewRequest } from '../../src/core/live-request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { origin, pairApp } from '../approvers/support.ts';
import { axeViolations, complaintsOf, launchBrowser, phone } from '../support/browser.ts';
import type { Edge } from '../support/edge.ts';
import { openEdge } from '../support/edge.ts';
import { VirtualAuthenticator } from '../support/phone.ts';
import type { Stand } from '../web/support.ts';
import { openStand, tunnelAt } from '../web/support.ts';

const batch = ['STRIPE_TEST_KEY', 'DATABASE_URL', 'SENTRY_DSN'].map((name) => ({ id: `id-${name}`, name }));
const library = new URL('../../node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js', import.meta.url);

let folder: string;
let edge: Edge;
let browser: Browser;
let stand: Stand;
const contexts: BrowserContext[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-passkey-'));
  edge = await openEdge(folder, () => stand.port());
  const { host } = new URL(edge.origin);
  browser = await launchBrowser([
    `--host-resolver-rules=MAP ${new URL(origin).host} ${host.replace('localhost', '127.0.0.1')}`,
  ]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  edge.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  stand = openStand({ tunnel: tunnelAt(() => origin) });
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await stand.close();
});

interface Opened {
  readonly page: Page;
  readonly request: LiveRequest;
}

/** A phone with a screen lock, at the page of a new request. */
async function newPhone(options: BrowserContextOptions = {}): Promise<{ page: Page; device: VirtualAuthenticator }> {
  const context = await phone(browser, { reducedMotion: 'reduce', ignoreHTTPSErrors: true, ...options });
  contexts.push(context);
  const page = await context.newPage();
  return { page, device: await VirtualAuthenticator.of(context, page) };
}

async function open(page: Page, asked: Partial<NewRequest> = {}): Promise<Opened> {
  const { url, request } = await stand.ask(asked);
  await page.goto(url.href);
  return { page, request };
}

/** Pairs the phone's authenticator, in its browser, as the pairing page would. */
async function paired(name = 'Anna’s phone'): Promise<{ page: Page; device: VirtualAuthenticator }> {
  const { page, device } = await newPhone();
  await open(page);
  const { roster, clock } = stand;
  const pairing = await openPairing({ roster, clock, random: systemRandom, origin, name, by: null });
  const begun = await pairing.begin(pairing.code);
  if ('refused' in begun) throw new Error(begun.refused);
  await page.evaluate(await readFile(library, 'utf8'));
  const register = `SimpleWebAuthnBrowser.startRegistration({ optionsJSON: ${JSON.stringify(begun.options)} })`;
  await pairing.finish(JSON.stringify(await page.evaluate(register)));
  await pairing.confirm(async () => undefined);
  return { page, device };
}

const isEnded = (page: Page): Promise<unknown> => page.waitForSelector('main.end');
const told = async (page: Page): Promise<string> => {
  await page.locator('#notice:visible').waitFor();
  return page.locator('#notice').innerText();
};

/** By everybody, on any screen. */
async function isUsable(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [390, 844],
      [320, 568],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await axeViolations(page)).toEqual([]);
    }
  }
}

describe('with a passkey on the phone', { timeout: 60_000 }, () => {
  it('one tap and the screen lock approve', async () => {
    const { page } = await paired();
    const complaints = complaintsOf(page);
    const { request } = await open(page);
    expect(await page.locator('.factor').innerText()).toContain('the link alone approves nothing');
    await isUsable(page);
    await page.tap('.approve');
    await isEnded(page);
    expect(await page.locator('h1').textContent()).toBe('Approved');
    expect(await page.locator('dl').innerText()).toContain('Anna’s phone (passkey)');
    expect(request.decision?.approver).toEqual({ name: 'Anna’s phone', factor: 'passkey' });
    expect(complaints).toEqual([]);
  });

  it('a part of what was asked can be approved, for 5 minutes', async () => {
    const { page } = await paired();
    const { request } = await open(page, { names: batch });
    await page.locator('.names label').nth(1).tap();
    await page.tap('#then summary');
    await page.locator('#then label', { hasText: '5 minutes' }).first().tap();
    await page.tap('.approve');
    await isEnded(page);
    const { allowed, until, at } = request.decision!;
    expect([...allowed]).toEqual(['id-STRIPE_TEST_KEY', 'id-SENTRY_DSN']);
    expect(until!.wall - at.wall).toBe(300_000);
  });

  it('denying asks for nothing', async () => {
    const { page, device } = await paired();
    await device.verifies(false);
    const { request } = await open(page);
    await page.tap('.deny');
    await isEnded(page);
    expect(request.state).toBe('denied');
  });

  it('whoever does not get past the screen lock is told so, and can try again', async () => {
    const { page, device } = await paired();
    const { request } = await open(page);
    await device.verifies(false);
    await page.tap('.approve');
    expect(await told(page)).toMatch(/^Nothing was decided: the passkey was cancelled or took too long/);
    expect(await page.locator('#notice').getAttribute('role')).toBe('alert');
    expect(request.state).toBe('pending');
    await isUsable(page);
    await device.verifies(true);
    await page.tap('.approve');
    await isEnded(page);
    expect(request.state).toBe('approved');
  });

  it('somebody else’s phone approves nothing, and can deny', async () => {
    await paired();
    const stranger = await newPhone();
    const { request } = await open(stranger.page);
    await stranger.page.tap('.approve');
    expect(await told(stranger.page)).toContain('this device has none for this page');
    expect(request.state).toBe('pending');
    await stranger.page.tap('.deny');
    await isEnded(stranger.page);
    expect(request.state).toBe('denied');
  });

  it('a choice that does not fit is refused before the screen lock is asked for', async () => {
    const { page } = await paired();
    const { request } = await open(page, { names: batch });
    for (const box of await page.locator('.names label').all()) await box.tap();
    await page.tap('.approve');
    expect(await told(page)).toContain('no secret is ticked');
    expect(request.state).toBe('pending');
  });

  it('two taps make one challenge and one decision', async () => {
    const { page } = await paired();
    await open(page);
    const posts: string[] = [];
    page.on('request', (sent) => sent.method() === 'POST' && posts.push(new URL(sent.url()).pathname));
    await page.evaluate(`(() => {
      document.querySelector('.approve').click();
      document.querySelector('.approve').click();
    })()`);
    await isEnded(page);
    expect(posts.map((path) => path.endsWith('/challenge'))).toEqual([true, false]);
  });

  it('a request that ended meanwhile shows what became of it', async () => {
    const { page } = await paired();
    const { request } = await open(page);
    stand.approvals.withdraw(request, 'test');
    await page.tap('.approve');
    await isEnded(page);
    expect(await page.locator('h1').textContent()).toBe('Withdrawn');
  });

  it('a page of somebody else in between is not taken for an answer', async () => {
    const { page } = await paired();
    const { request } = await open(page);
    const sent: (string | undefined)[] = [];
    await page.route('**/challenge*', (route) => {
      sent.push(route.request().headers()['ngrok-skip-browser-warning']);
      return route.fulfill({ contentType: 'text/html', body: '<p>You are about to visit</p>' });
    });
    await page.tap('.approve');
    expect(await told(page)).toContain('Agent Vault did not answer');
    expect([sent, request.state]).toEqual([['1'], 'pending']);
  });
});

describe('where a passkey cannot be used', { timeout: 60_000 }, () => {
  it('a browser without passkeys shows the way out, and can deny', async () => {
    await paired();
    const { page } = await newPhone();
    await page.addInitScript('delete window.PublicKeyCredential');
    const { request } = await open(page);
    expect(await page.locator('#no-passkey').innerText()).toMatch(
      /^This browser cannot use passkeys\.\s+Open this page in/,
    );
    expect(await page.locator('.approve').isDisabled()).toBe(true);
    await isUsable(page);
    await page.tap('.deny');
    await isEnded(page);
    expect(request.state).toBe('denied');
  });

  it('a browser without JavaScript shows the way out, and can deny', async () => {
    await paired();
    const { page } = await newPhone({ javaScriptEnabled: false });
    const { request } = await open(page);
    expect(await page.locator('noscript .way-out').innerText()).toContain('JavaScript, which is off');
    expect(await page.locator('.approve').isDisabled()).toBe(true);
    await page.tap('.deny');
    await isEnded(page);
    expect(request.state).toBe('denied');
  });

  it('the page on this machine says where the passkey counts, and can deny', async () => {
    await paired();
    const { page } = await newPhone();
    const { url, request } = await stand.ask();
    await page.goto(`http://localhost:${stand.port()}${url.pathname}${url.search}`);
    expect(await page.locator('.way-out').innerText()).toMatch(/It cannot be approved here\.[^]*vault\.example\.com/);
    expect(await page.locator('.approve').count()).toBe(0);
    await isUsable(page);
    await page.tap('.deny');
    await isEnded(page);
    expect(request.state).toBe('denied');
  });
});

describe('with an authenticator app as well', { timeout: 60_000 }, () => {
  it('either will do, and without passkeys the code has to be typed', async () => {
    const { page } = await paired();
    const [first] = (await stand.roster.read()).approvers;
    const { code } = await pairApp({ ...stand, by: { approver: first!, assertion: null } });
    stand.clock.forward(30_000);
    const byPasskey = await open(page);
    await isUsable(page);
    await page.tap('.approve');
    await isEnded(page);
    expect(byPasskey.request.decision?.approver.factor).toBe('passkey');

    const other = await newPhone();
    await other.page.addInitScript('delete window.PublicKeyCredential');
    const byCode = await open(other.page);
    expect(await other.page.locator('#no-passkey').innerText()).toContain('or type the code');
    await other.page.tap('.approve');
    expect(await other.page.evaluate(`document.querySelector('#totp').validity.valueMissing`)).toBe(true);
    await other.page.fill('#totp', code());
    await other.page.keyboard.press('Enter');
    await isEnded(other.page);
    expect(byCode.request.decision?.approver.factor).toBe('totp');
  });
});
