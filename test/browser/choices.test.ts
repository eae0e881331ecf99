import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LiveRequest, NewRequest } from '../../src/core/live-request.ts';
import type { PolicyLine } from '../../src/core/policies.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { sessionId } from '../../src/core/request.ts';
import { axeViolations, complaintsOf, launchBrowser, phone } from '../support/browser.ts';
import type { Stand } from '../web/support.ts';
import { openStand, someRequest } from '../web/support.ts';

const minute = 60_000;
const { policy, session } = someRequest;
const batch = ['STRIPE_TEST_KEY', 'DATABASE_URL', 'SENTRY_DSN'].map((name) => ({ id: `id-${name}`, name }));
const hostile = '</script><script>document.title="owned"</script>\u202E\u0000';

const lines: readonly PolicyLine[] = [
  { subject: 'vault dev', says: 'remembers an approval for 24 hours instead of 15 minutes', isWide: true },
  { subject: 'webhook logs.example.com', says: 'gets every event, with OP_SERVICE_ACCOUNT_TOKEN', isWide: true },
  { subject: 'tunnel', says: `ngrok ${hostile}${'x'.repeat(300)}`, isWide: false },
];
const proposal = {
  digest: 'a'.repeat(64),
  isNew: false,
  file: '~/code/shop/agent-vault.config.json',
  lines,
  policy: { ...policy, ttlMs: 1_440 * minute, scope: 'vault' as const },
};

let browser: Browser;
let stand: Stand;
let context: BrowserContext;
let complaints: string[];
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());
beforeEach(() => {
  stand = openStand({ cooldownMs: 10 * minute });
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await context.close();
  await stand.close();
});

interface Opened {
  readonly page: Page;
  readonly request: LiveRequest;
}

async function open(asked: Partial<NewRequest> = {}, options: BrowserContextOptions = {}): Promise<Opened> {
  const own = { ...session, id: sessionId(systemRandom.id()) };
  const { url, request } = await stand.ask({ session: own, ...asked });
  context = await phone(browser, { reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  complaints = complaintsOf(page);
  await page.goto(url.href);
  return { page, request };
}

const sentence = async (page: Page): Promise<string> => {
  const text = await page.locator('#then summary').innerText();
  return text.replace(/\s+/g, ' ').replace(/ Change$/, '');
};
const gist = (page: Page): Promise<string> => page.locator('#gist').innerText();
const pick = (page: Page, text: string): Promise<void> => page.locator('#then label', { hasText: text }).first().tap();

async function approve(page: Page): Promise<void> {
  await page.tap('.approve');
  await page.waitForSelector('main.end');
}

/** Lets the agent have it, and the page look again by itself. */
async function fetched(page: Page, request: LiveRequest): Promise<void> {
  stand.approvals.claims(request.key)[0]!.spend();
  await page.getByText('The agent has what you approved.').waitFor();
}

/** What was approved: names, minutes, scope. */
function granted({ decision, names }: LiveRequest): unknown {
  if (decision?.approve !== true) return null;
  const minutes = decision.until === undefined ? 0 : (decision.until.wall - decision.at.wall) / minute;
  return [names.filter(({ id }) => decision.allowed.has(id)).map(({ name }) => name), minutes, decision.scope];
}

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

describe('what an approval would mean', { timeout: 30_000 }, () => {
  it('is said in a sentence and on the button, and follows what is chosen', async () => {
    const { page, request } = await open({ policy: { ...policy, scope: 'vault' }, names: batch });
    expect(await sentence(page)).toMatch(
      /^If you approve, it may read every secret in this vault for 15 minutes without asking again, until \d\d:\d\d\.$/,
    );
    expect(await gist(page)).toBe('15 minutes, whole vault');
    await page.tap('#then summary');
    await pick(page, 'Only these secrets');
    await pick(page, '5 minutes');
    expect(await sentence(page)).toMatch(
      /it may read these secrets for 5 minutes without asking again, until \d\d:\d\d\.$/,
    );
    await page.locator('.names label').nth(1).tap();
    expect(await gist(page)).toBe('2 of 3, 5 minutes');
    await pick(page, 'Once');
    expect(await sentence(page)).toBe(
      'If you approve, it may read these secrets once. The next time it asks you again.',
    );
    expect(await gist(page)).toBe('2 of 3, once');
    await pick(page, '5 minutes');
    await approve(page);
    expect(granted(request)).toEqual([['STRIPE_TEST_KEY', 'SENTRY_DSN'], 5, 'secret']);
    expect(await page.locator('h1').textContent()).toBe('Approved in part');
    await fetched(page, request);
    await isUsable(page);
  });

  it('leaves no name out of the whole vault, and remembers what was unticked', async () => {
    const { page, request } = await open({ policy: { ...policy, scope: 'vault' }, names: batch });
    const boxes = page.locator('.names input');
    expect(await boxes.first().isDisabled()).toBe(true);
    await page.tap('#then summary');
    await pick(page, 'Only these secrets');
    await page.locator('.names label').first().tap();
    await pick(page, 'Every secret in this vault');
    expect([await boxes.first().isChecked(), await boxes.first().isDisabled()]).toEqual([true, true]);
    await pick(page, 'Only these secrets');
    expect([await boxes.first().isChecked(), await boxes.first().isDisabled()]).toEqual([false, false]);
    await pick(page, 'Every secret in this vault');
    await approve(page);
    expect(granted(request)).toEqual([batch.map(({ name }) => name), 15, 'vault']);
  });

  it('is told honestly without JavaScript too', async () => {
    const { page, request } = await open({ names: batch }, { javaScriptEnabled: false });
    expect(await page.locator('.sure').isVisible()).toBe(true);
    await page.tap('#then summary');
    await pick(page, '5 minutes');
    expect(await sentence(page)).toBe('If you approve, it may read for as long, and as much, as you have chosen here.');
    expect(await gist(page)).toBe('');
    await page.locator('.names label').nth(1).tap();
    await approve(page);
    expect(granted(request)).toEqual([['STRIPE_TEST_KEY', 'SENTRY_DSN'], 5, 'secret']);
  });
});

describe('a config that was changed', { timeout: 30_000 }, () => {
  it('stands before the buttons, and one tap approves both', async () => {
    stand.policies.proposed = proposal;
    const { page } = await open();
    expect(await page.locator('.lines li').count()).toBe(3);
    expect(await page.locator('.wide-line .mark').count()).toBe(2);
    const [box, bar] = [await page.locator('#config').boundingBox(), await page.locator('#bar').boundingBox()];
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(bar?.y ?? 0);
    expect(await gist(page)).toBe('15 minutes + config');
    await isUsable(page);
    await approve(page);
    expect(stand.policies.accepted).toEqual([proposal.digest]);
  });

  it('takes with it, when it is unticked, what only it allows', async () => {
    stand.policies.proposed = proposal;
    const { page, request } = await open();
    await page.tap('#then summary');
    await pick(page, '24 hours');
    await pick(page, 'Every secret in this vault');
    expect(await gist(page)).toBe('24 hours, whole vault + config');
    await page.tap('#config .tick');
    expect(await gist(page)).toBe('15 minutes');
    expect(await page.locator('#then label', { hasText: '24 hours' }).locator('input').isDisabled()).toBe(true);
    await page.tap('#config .tick');
    expect(await gist(page)).toBe('24 hours, whole vault + config');
    await page.tap('#config .tick');
    await approve(page);
    expect([granted(request), stand.policies.accepted]).toEqual([[['STRIPE_TEST_KEY'], 15, 'secret'], []]);
  });

  it('can be left out without JavaScript', async () => {
    stand.policies.proposed = { ...proposal, isNew: true };
    const { page, request } = await open({ policy: { ...policy, ttlMs: 0 } }, { javaScriptEnabled: false });
    await page.tap('#config .tick');
    await approve(page);
    expect([granted(request), stand.policies.accepted]).toEqual([[['STRIPE_TEST_KEY'], 0, 'secret'], []]);
  });
});

describe('a config that nobody has approved yet', { timeout: 30_000 }, () => {
  it('is usable by everybody, and announced at the top', async () => {
    stand.policies.proposed = { ...proposal, isNew: true };
    const { page } = await open({ policy: { ...policy, ttlMs: 0 } });
    expect(await page.locator('.also').innerText()).toContain('a config that you have not approved');
    await page.tap('#then summary');
    await isUsable(page);
  });
});

describe('a denial', { timeout: 30_000 }, () => {
  it('takes a note and mutes, and can be lifted by one tap', async () => {
    const { page, request } = await open();
    await page.tap('.more summary');
    await page.fill('#note', 'Not today.');
    await page.tap('.more .tick');
    await isUsable(page);
    await page.tap('.deny');
    await page.waitForSelector('main.end');
    expect(request.decision).toMatchObject({ note: 'Not today.', mute: true });
    expect(await page.locator('.cooling').innerText()).toContain('This agent is muted');
    await isUsable(page);
    await page.tap('.lift');
    await page.locator('.cooling').waitFor({ state: 'detached' });
    expect(await page.locator('h1').textContent()).toBe('Denied');
  });
});

describe('a page that has everything', { timeout: 60_000 }, () => {
  it('stays readable: 200 names, one of them backwards, 2,000 characters, digits, a config and more requests', async () => {
    stand.policies.proposed = proposal;
    const names = Array.from({ length: 200 }, (_, at) => ({ id: `${at}`, name: `SOME_RATHER_LONG_NAME_${at}` }));
    names[7] = { id: '7', name: 'REVERSED_\u202Egnp.YEK' };
    const reason = 'Why it is needed. '.repeat(120).slice(0, 2_000);
    const own = { ...session, id: sessionId(systemRandom.id()) };
    await stand.ask({ session: own });
    const { page, request } = await open({ session: own, names, reason, policy: { ...policy, confirm: 'code' } });
    expect(await page.locator('.names li').nth(7).innerText()).toContain('REVERSED_\\u{202e}gnp.YEK');
    expect(await page.locator('blockquote').innerText()).toHaveLength(reason.trimEnd().length);
    expect(await page.locator('.others').innerText()).toContain('1 more request of this agent waits for you.');
    await isUsable(page);
    for (const at of [3, 7, 199]) await page.locator('.names label').nth(at).tap();
    expect(await gist(page)).toBe('197 of 200, 15 minutes + config');
    await page.fill('#code', request.code);
    await approve(page);
    expect(request.decision?.allowed.size).toBe(197);
    await fetched(page, request);
    await isUsable(page);
  });
});
