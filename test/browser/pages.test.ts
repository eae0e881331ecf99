import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveRequest, NewRequest } from '../../src/core/live-request.ts';
import type { SessionId } from '../../src/core/request.ts';
import { axeViolations, complaintsOf, launchBrowser, phone } from '../support/browser.ts';
import type { Stand } from '../web/support.ts';
import { openStand, someWrite } from '../web/support.ts';

const docs = new URL('../../docs/', import.meta.url).pathname;

let browser: Browser;
let stand: Stand;
/** The README's pictures, if they are to be made anew; otherwise somewhere that is thrown away. */
let pictures: string;
let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'agent-vault-pages-'));
  pictures = process.env['UPDATE_PICTURES'] === '1' ? docs : temporary;
  browser = await launchBrowser();
  stand = openStand();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
  await rm(temporary, { recursive: true });
});

const batch = ['STRIPE_TEST_KEY', 'DATABASE_URL', 'SENTRY_DSN'].map((name) => ({ id: `id-${name}`, name }));
const hostile = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202E\u0000 evil';
const requests: Record<string, Partial<NewRequest>> = {
  read: {},
  write: someWrite,
  'wide window': { policy: { ttlMs: 86_400_000, scope: 'vault', writable: false, confirm: 'tap' } },
  '200 long names': {
    names: Array.from({ length: 200 }, (_, at) => ({ id: `${at}`, name: `${'LONG_NAME_'.repeat(20)}${at}` })),
  },
  'hostile text': {
    vault: hostile,
    names: [{ id: '1', name: hostile, title: hostile, groupTitle: `Z${'a\u0301\u0302\u0303\u0304'.repeat(60)}` }],
    reason: `${hostile}\n\n${'word '.repeat(300)}`,
    session: { id: 's' as SessionId, agent: 'x'.repeat(300), folder: `/${'folder/'.repeat(60)}`, pid: 1 },
  },
  batch: { names: batch },
  'right-to-left text': { reason: 'אני צריך את המפתח כדי להריץ את הבדיקות.\nأحتاج المفتاح لتشغيل الاختبارات.' },
};

const references: Partial<NewRequest> = {
  names: [
    { id: '1', name: 'op://vault1/item2/a', title: `${hostile} PRODUCTION root database › a`, groupTitle: 'Private' },
    {
      id: '2',
      name: 'op://vault1/item3',
      title: `Z${'a\u0301\u0302\u0303\u0304'.repeat(60)} end`,
      groupTitle: 'Private',
    },
  ],
};

interface Visit {
  readonly page: Page;
  readonly complaints: string[];
  readonly request: LiveRequest;
}

/** Opens the page of a new request on a phone, lets the test use it, and checks that nothing on it complained. */
async function visiting(
  asked: Partial<NewRequest>,
  options: BrowserContextOptions,
  use: (visit: Visit) => Promise<void>,
): Promise<void> {
  const { request, url } = await stand.ask(asked);
  const context = await phone(browser, { reducedMotion: 'reduce', ...options });
  try {
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await page.goto(url.href);
    await use({ page, complaints, request });
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

const isWithinWidth = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth');

const heightFor = (width: number): number => (width === 390 ? 844 : 568);

async function wear(
  page: Page,
  { width, colorScheme }: { width: number; colorScheme: 'light' | 'dark' },
): Promise<void> {
  await page.setViewportSize({ width, height: heightFor(width) });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
}

const isEnded = (page: Page): Promise<unknown> => page.locator('main .end:visible, main.end').first().waitFor();

/** Lets the agent have it, and the page look again by itself. */
async function fetched(page: Page, request: LiveRequest): Promise<void> {
  stand.approvals.claims(request.key)[0]!.spend();
  await page.getByText('The agent has what you approved.').waitFor();
}

describe('on a phone', { timeout: 30_000 }, () => {
  const looks = [390, 320].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  );

  it.each(Object.keys(requests))('the page is usable by everybody, on any screen: %s', async (name) => {
    await visiting(requests[name]!, {}, async ({ page }) => {
      expect(await page.title()).toMatch(/^(Read|Write) \d+ secrets? · Agent Vault$/);
      expect(await page.evaluate('document.activeElement.tagName')).toBe('BODY');
      for (const look of looks) {
        await wear(page, look);
        expect(await axeViolations(page)).toEqual([]);
        expect(await isWithinWidth(page)).toBe(true);
        const [deny, approve] = [
          await page.locator('.deny').boundingBox(),
          await page.locator('.approve').boundingBox(),
        ];
        expect(deny?.height).toBeGreaterThanOrEqual(48);
        expect([deny?.width, deny?.height]).toEqual([approve?.width, approve?.height]);
        expect((deny?.y ?? 0) + (deny?.height ?? 0)).toBeLessThanOrEqual(heightFor(look.width));
      }
    });
  });

  it.each(['approve', 'deny'] as const)('one tap can %s', async (decision) => {
    await visiting({}, {}, async ({ page, request }) => {
      await page.tap(`.${decision}`);
      await isEnded(page);
      expect(await page.locator('h1').textContent()).toBe(decision === 'approve' ? 'Approved' : 'Denied');
      expect(request.state).toBe(decision === 'approve' ? 'approved' : 'denied');
      if (decision === 'approve') await fetched(page, request);
      for (const look of looks) {
        await wear(page, look);
        expect(await axeViolations(page)).toEqual([]);
        expect(await isWithinWidth(page)).toBe(true);
      }
    });
  });

  it('everything works without JavaScript', async () => {
    for (const decision of ['approve', 'deny'] as const) {
      await visiting(someWrite, { javaScriptEnabled: false }, async ({ page, request }) => {
        expect(await page.locator('#until').isVisible()).toBe(true);
        expect(await page.locator('#until').textContent()).toMatch(/^until \d\d:\d\d /);
        expect(await page.locator('#left').textContent()).toBe('');
        await page.tap(`.${decision}`);
        await page.waitForSelector('main.end');
        expect(await page.locator('h1').textContent()).toBe(decision === 'approve' ? 'Approved' : 'Denied');
        expect(request.state).toBe(decision === 'approve' ? 'approved' : 'denied');
      });
    }
  });

  it('the page says by itself that the agent has fetched it', async () => {
    await visiting({}, {}, async ({ page, request }) => {
      await page.tap('.approve');
      await page.getByText('has not fetched it yet').waitFor();
      await fetched(page, request);
    });
  });

  it('a link that does not work is usable too', async () => {
    const context = await phone(browser);
    const page = await context.newPage();
    const { url } = await stand.ask();
    await page.goto(new URL('/nothing', url).href);
    expect(await page.locator('h1').textContent()).toBe('This link does not work');
    expect(await axeViolations(page)).toEqual([]);
    await context.close();
  });
});

describe('what is behind a reference', { timeout: 30_000 }, () => {
  it('is shown whole above it, hostile or not, and stays where it is', async () => {
    await visiting(references, {}, async ({ page }) => {
      const titles = page.locator('.names .title');
      expect(await titles.first().textContent()).toBe(
        `${hostile.replace('\u202E\u0000', '\\u{202e}\\u{0}')} PRODUCTION root database › a`,
      );
      for (const look of [390, 320].map((width) => ({ width, colorScheme: 'light' as const }))) {
        await wear(page, look);
        for (const [at, title] of (await titles.all()).entries()) {
          const [above, below] = [await title.boundingBox(), await page.locator('.names .name').nth(at).boundingBox()];
          expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0);
          expect(await title.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
        }
        expect(await isWithinWidth(page)).toBe(true);
        expect(await axeViolations(page)).toEqual([]);
      }
    });
  });
});

describe('by keyboard', { timeout: 30_000 }, () => {
  const focused = (page: Page): Promise<unknown> => page.evaluate('document.activeElement.innerText.split("\\n")[0]');

  async function tabTo(page: Page, text: string): Promise<string[]> {
    const passed: string[] = [];
    while (passed.at(-1) !== text && passed.length < 20) {
      await page.keyboard.press('Tab');
      passed.push(String(await focused(page)));
    }
    return passed;
  }

  it('Deny comes before Approve, and Enter presses the one that has the focus', async () => {
    await visiting({}, { isMobile: false, hasTouch: false }, async ({ page, request }) => {
      expect((await tabTo(page, 'Approve')).slice(-2)).toEqual(['Deny', 'Approve']);
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      await isEnded(page);
      expect(request.state).toBe('denied');
    });
  });

  it.each(['input[name=window]', 'input[name=name]'])('Enter in a choice decides nothing: %s', async (choice) => {
    await visiting({ names: batch }, { isMobile: false, hasTouch: false }, async ({ page, request }) => {
      await page.click('#then summary');
      await page.locator(choice).first().focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(request.state).toBe('pending');
      expect(await page.locator('h1:visible').textContent()).toContain('Let an agent read');
    });
  });
});

describe('the countdown', { timeout: 30_000 }, () => {
  /** The page of a new request whose clock stands still until the test moves it. */
  async function withClock(use: (page: Page) => Promise<void>): Promise<void> {
    const context = await phone(browser);
    const page = await context.newPage();
    await page.clock.install();
    const { url } = await stand.ask();
    await page.goto(url.href);
    await use(page);
    await context.close();
  }

  it('counts down, and is announced once before the end', async () => {
    await withClock(async (page) => {
      const left = page.locator('#left');
      expect(await left.textContent()).toMatch(/^(5:00|4:59) left$/);
      expect(await page.locator('#until').isVisible()).toBe(false);
      await page.clock.runFor(60_000);
      expect(await left.textContent()).toMatch(/^(4:00|3:59) left$/);
      expect(await page.locator('#spoken').textContent()).toBe('');
      await page.clock.runFor(190_000);
      expect(await page.locator('#spoken').textContent()).toBe('Less than a minute left to decide.');
    });
  });

  it('ends the page by itself', async () => {
    await withClock(async (page) => {
      await page.clock.runFor(301_000);
      expect(await page.locator('h1:visible').textContent()).toBe('Expired');
      expect(await page.locator('button:visible').count()).toBe(0);
      expect(await page.title()).toBe('Expired · Agent Vault');
      expect(await page.locator('#spoken').textContent()).toBe('This request has expired.');
      expect(await axeViolations(page)).toEqual([]);
    });
  });

  it('ends it after a sleep in which no timer ran', async () => {
    await withClock(async (page) => {
      await page.clock.fastForward(3_600_000);
      expect(await page.locator('h1:visible').textContent()).toBe('Expired');
    });
  });
});

describe('two taps', { timeout: 30_000 }, () => {
  it('send one decision', async () => {
    await visiting({}, {}, async ({ page }) => {
      const posts: string[] = [];
      page.on('request', (sent) => sent.method() === 'POST' && posts.push(sent.url()));
      await page.evaluate(`(() => {
        document.querySelector('.approve').click();
        document.querySelector('.deny').click();
      })()`);
      await isEnded(page);
      expect(posts).toHaveLength(1);
      expect(await page.locator('h1').textContent()).toBe('Approved');
    });
  });
});

describe('the policy of the page', { timeout: 30_000 }, () => {
  it('lets nothing foreign in, and these tests would hear of it', async () => {
    const { url } = await stand.ask();
    const context = await phone(browser);
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await page.goto(url.href);
    await page.evaluate(`document.body.append(Object.assign(new Image(), { src: 'https://evil.example/x.png' }))`);
    await expect.poll(() => complaints.join()).toContain('Content Security Policy');
    const injected = page.evaluate(`document.body.innerHTML = '<b>x</b>'`);
    await expect(injected).rejects.toThrow('TrustedHTML');
    await context.close();
  });
});

describe('the pictures of the README', { timeout: 30_000 }, () => {
  it.each([
    ['approve-read', {}, 'light', null],
    ['approve-read-dark', {}, 'dark', null],
    ['approve-write', someWrite, 'light', null],
    ['approve-write-dark', someWrite, 'dark', null],
    ['approved', {}, 'light', '.approve'],
    ['denied', {}, 'dark', '.deny'],
  ] as const)('%s can be taken', async (name, asked, colorScheme, tap) => {
    await visiting(asked, { colorScheme }, async ({ page, request }) => {
      if (tap !== null) {
        await page.tap(tap);
        await isEnded(page);
      }
      if (request.state === 'approved') await fetched(page, request);
      const picture = await page.screenshot({ path: join(pictures, `${name}.png`) });
      expect(picture.length).toBeGreaterThan(10_000);
    });
  });
});
