import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { axeViolations, complaintsOf, launchBrowser, phone } from '../support/browser.ts';
import type { Edge } from '../support/edge.ts';
import { openEdge } from '../support/edge.ts';
import { HomeStand } from '../support/home.ts';

const minute = 60_000;

let browser: Browser;
let stand: HomeStand;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());
beforeEach(async () => {
  stand = await HomeStand.open();
});
afterEach(async () => {
  await context.close();
  await stand.close();
});

async function open(options: BrowserContextOptions = {}, url: string = stand.url.href): Promise<Page> {
  context = await phone(browser, { reducedMotion: 'reduce', ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** Opens the page and proves to be the approver by a code. */
async function signedIn(options: BrowserContextOptions = {}): Promise<Page> {
  await stand.pairApp();
  const page = await open(options);
  await enter(page, stand.code());
  await page.waitForSelector('#board');
  return page;
}

async function enter(page: Page, code: string): Promise<void> {
  await page.fill('#totp', code);
  await page.tap('form:has(#totp) button');
}

const heading = (page: Page): Promise<string | null> => page.locator('h1').textContent();
const isLive = (page: Page): Promise<void> => page.locator('#live').waitFor();
const isAtTheDoor = (page: Page): Promise<void> => page.getByText('Show that it is you').waitFor();

/** By everybody, on any screen. */
async function isUsable(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [width, height] of [
      [390, 844],
      [320, 568],
    ] as const) {
      await page.setViewportSize({ width, height });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
    expect(await axeViolations(page)).toEqual([]);
  }
}

/** The server waits this long for more changes, by its own clock. */
const tellChanges = (): void => stand.world.clock.pass(500);

describe('the page of an approver', { timeout: 30_000 }, () => {
  it('follows what happens, without being loaded again', async () => {
    const page = await signedIn();
    const complaints = complaintsOf(page);
    const loads: string[] = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest()) loads.push(request.url());
    });
    await isLive(page);
    expect(await heading(page)).toBe('Nothing waits for you');

    const { id } = await stand.ask();
    tellChanges();
    await page.locator(`#request-${id}`).waitFor();
    expect(await page.title()).toBe('1 request waits for you · Agent Vault');
    expect(await page.locator('#spoken').textContent()).toBe('1 request waits for you');

    await stand.world.choose({ approve: true }, id);
    stand.openWindows(1);
    tellChanges();
    await page.getByText('Approved, not fetched yet').waitFor();
    expect(await heading(page)).toBe('Nothing waits for you');
    expect(await page.locator('.end-one').count()).toBe(1);
    expect([loads, complaints]).toEqual([[], []]);
  });

  it('sends with everything it fetches what keeps ngrok’s own page away', async () => {
    const page = await signedIn();
    const fetched = new Set<string>();
    page.on('request', (request) => {
      const skips = request.headers()['ngrok-skip-browser-warning'] ?? 'nothing';
      if (['fetch', 'xhr'].includes(request.resourceType())) fetched.add(`${new URL(request.url()).pathname} ${skips}`);
    });
    await page.reload();
    await isLive(page);
    expect([...fetched].sort()).toEqual(['/board 1', '/events 1']);
  });

  it('does not take a page of somebody else for its own', async () => {
    const page = await signedIn();
    await isLive(page);
    await page.route('**/board', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<p>You are about to</p>' }),
    );
    stand.openWindows(1);
    const asked = page.waitForResponse('**/board');
    tellChanges();
    await asked;
    expect(await heading(page)).toBe('Nothing waits for you');
    await page.unroute('**/board');
    await page.reload();
    expect(await page.locator('.end-one').count()).toBe(1);
  });

  it('leads to the page of a request, and back with what was decided there', async () => {
    const page = await signedIn();
    await stand.ask();
    await page.reload();
    await page.tap('.card.ask');
    await page.getByText('STRIPE_TEST_KEY').waitFor();
    await page.tap('button.deny');
    await page.waitForSelector('main.end');
    await page.goto(stand.url.href);
    expect(await page.locator('#board').textContent()).toContain('Denied');
  });

  it('ends one window by one tap, and all by another', async () => {
    stand.openWindows(3);
    const page = await signedIn();
    await page.tap('#end-request-1');
    await page.getByText('1 window ended.').waitFor();
    await isLive(page);
    expect(await page.locator('.told').textContent()).toContain('1 window ended.');
    expect(stand.world.windows.all()).toHaveLength(2);
    await page.tap('#end-all');
    await page.getByText('2 windows ended.').waitFor();
    expect(stand.world.windows.all()).toEqual([]);
  });

  it('keeps the focus where it was when it changes', async () => {
    stand.openWindows(2);
    const page = await signedIn();
    await isLive(page);
    await page.focus('#end-request-1');
    await stand.ask();
    tellChanges();
    await page.getByText('1 request waits for you').first().waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('end-request-1');
    await stand.world.board().endWindows('all', { name: 'Ben', factor: 'totp' });
    tellChanges();
    await page.getByText('Nothing can be read without asking you.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('heading');
  });

  it('shows nothing any more once its approver is removed, by itself', async () => {
    const page = await signedIn();
    await isLive(page);
    await stand.roster.reset(async () => undefined);
    stand.openWindows(1);
    tellChanges();
    await isAtTheDoor(page);
    expect(await page.locator('#board').count()).toBe(0);
  });

  it('shows nothing any more after its person has signed out, also in a second page', async () => {
    const page = await signedIn();
    const second = await context.newPage();
    await second.goto(stand.url.href);
    await isLive(second);
    await page.tap('.foot button');
    await Promise.all([isAtTheDoor(page), isAtTheDoor(second)]);
    await page.goBack();
    await isAtTheDoor(page);
  });

  it('works without JavaScript', async () => {
    stand.openWindows(2);
    const page = await signedIn({ javaScriptEnabled: false });
    expect(await page.locator('#then').textContent()).toMatch(/^As of \d\d:\d\d /u);
    await stand.ask();
    await page.getByText('Refresh').tap();
    expect(await heading(page)).toBe('1 request waits for you');
    await page.tap('#end-all');
    expect(await page.locator('.told').textContent()).toContain('2 windows ended.');
    await page.tap('.foot button');
    await isAtTheDoor(page);
  });

  it('counts the minutes down, and looks again when something ends', async () => {
    const page = await signedIn();
    await page.clock.install();
    stand.openWindows(1, 2 * minute + 30_000);
    await page.reload();
    await isLive(page);
    const left = page.locator('[data-left]');
    expect(await left.textContent()).toBe('2 minutes');
    await page.clock.runFor(minute);
    expect(await left.textContent()).toBe('1 minute');
    stand.world.clock.pass(3 * minute);
    await page.clock.runFor(2 * minute);
    await page.getByText('Nothing can be read without asking you.').waitFor();
  });
});

describe('the door', { timeout: 30_000 }, () => {
  let edge: Edge;
  beforeEach(async () => {
    edge = await openEdge(stand.folder, () => stand.port);
    stand.origin = edge.origin;
  });
  afterEach(() => edge.close());

  it('opens with a passkey, and not where the person was not verified', async () => {
    const key = passkeyOf('localhost');
    await stand.pairPasskey(key);
    const page = await open({}, edge.origin);
    const setVerified = await authenticatorFor(page, key);
    await setVerified(false);
    await page.tap('#passkey button');
    await page.getByText('That was cancelled, took too long').waitFor();
    expect(await page.locator('#trouble').getAttribute('role')).toBe('alert');

    await setVerified(true);
    await page.tap('#passkey button');
    await page.waitForSelector('#board');
    const cookies = await context.cookies();
    expect(cookies.find(({ name }) => name === '__Host-av-home')).toMatchObject({
      secure: true,
      httpOnly: true,
      sameSite: 'Strict',
    });
    await isLive(page);
  });

  it('stays shut for a passkey of the same id that is another key', async () => {
    const key = passkeyOf('localhost');
    await stand.pairPasskey(key);
    const page = await open({}, edge.origin);
    await authenticatorFor(page, { ...passkeyOf('localhost'), credentialId: key.credentialId });
    await page.tap('#passkey button');
    await page.locator('.notice[role=alert]:visible').waitFor();
    expect(await page.locator('#board').count()).toBe(0);
  });

  it('lets the person choose where two ways lead in', async () => {
    await stand.pairPasskey(passkeyOf('localhost'));
    await stand.pairApp('Anna’s app');
    const page = await open({}, edge.origin);
    await page.locator('#passkey').waitFor();
    await isUsable(page);
    await enter(page, stand.code());
    await page.waitForSelector('#board');
    expect(await page.locator('.foot').textContent()).toContain('Anna’s app');
  });

  it('says what to do where a browser has no passkeys, or no script may run', async () => {
    await stand.pairPasskey(passkeyOf('localhost'));
    let page = await open({ javaScriptEnabled: false }, edge.origin);
    expect(await page.locator('noscript .card').textContent()).toContain('only with JavaScript');
    await context.close();

    context = await phone(browser, { ignoreHTTPSErrors: true });
    await context.addInitScript('delete window.PublicKeyCredential');
    page = await context.newPage();
    await page.goto(edge.origin);
    await page.getByText('This browser cannot use passkeys.').waitFor();
    expect(await page.locator('#passkey').isVisible()).toBe(false);
    expect(await axeViolations(page)).toEqual([]);
  });
});

describe('for everybody, on any screen', { timeout: 60_000 }, () => {
  it('the door is usable, also after a wrong code', async () => {
    await stand.pairApp();
    const page = await open();
    await isUsable(page);
    await enter(page, '000000');
    await page.getByRole('alert').first().waitFor();
    await isUsable(page);
  });

  it('the page is usable while it is empty', async () => {
    await isUsable(await signedIn());
  });

  it('the page is usable with hostile text, long lists and a thousand windows', async () => {
    const hostile = `</script><script>document.title="owned"</script>\u202E\u0000${'x'.repeat(200)}`;
    const names = [
      hostile,
      `Z${'a\u0301\u0302\u0303\u0304'.repeat(60)}`,
      ...Array.from({ length: 198 }, (_, at) => `N${at}`),
    ];
    const session = { ...stand.world.session, agent: hostile, folder: `/${'folder/'.repeat(60)}` };
    await stand.ask({ vault: hostile, session, names: names.map((name) => ({ id: name, name })) });
    const decided = await stand.ask({ operation: 'write', vault: hostile, session });
    await stand.world.choose({ approve: false, note: hostile }, decided.id);
    stand.openWindows(1_000);
    const page = await signedIn();
    const complaints = complaintsOf(page);
    await isUsable(page);
    expect(await page.title()).toBe('1 request waits for you · Agent Vault');
    expect(complaints).toEqual([]);
    await page.tap('#end-all');
    await page.getByText('1000 windows ended.').waitFor();
  });
});

interface Passkey {
  readonly credentialId: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** PKCS #8, base64. */
  readonly privateKey: string;
  readonly rpId: string;
}

/** A key pair that can be given both to the vault and to Chromium's virtual authenticator. */
function passkeyOf(rpId: string): Passkey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  // RFC 9053: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
  const [head, between] = [Buffer.from('a5010203262001215820', 'hex'), Buffer.from('225820', 'hex')];
  const cose = Buffer.concat([head, Buffer.from(x, 'base64url'), between, Buffer.from(y, 'base64url')]);
  return {
    credentialId: randomBytes(16).toString('base64url'),
    publicKey: cose.toString('base64url'),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    rpId,
  };
}

/** Gives the page an authenticator that holds the passkey. Returns what says whether its person is verified. */
async function authenticatorFor(
  page: Page,
  { credentialId, privateKey, rpId }: Passkey,
): Promise<(isUserVerified: boolean) => Promise<void>> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await devtools.send('WebAuthn.addCredential', {
    authenticatorId,
    credential: {
      credentialId: Buffer.from(credentialId, 'base64url').toString('base64'),
      isResidentCredential: false,
      rpId,
      privateKey,
      signCount: 0,
    },
  });
  return async (isUserVerified) => {
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  };
}
