import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PhoneTask } from '../../src/pairing/page.ts';
import { axeViolations, complaintsOf, launchBrowser, phone } from '../support/browser.ts';
import type { Edge } from '../support/edge.ts';
import { openEdge } from '../support/edge.ts';
import { PairingStand } from '../support/pairing-stand.ts';
import { VirtualAuthenticator } from '../support/phone.ts';

const host = 'vault.example.test';
const hostile = 'Anna’s <b>phone</b>, whose name is as long as a name can be.';

let browser: Browser;
let edge: Edge;
let folder: string;
let stand: PairingStand;
let page: Page;
let authenticator: VirtualAuthenticator;
let complaints: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-front-'));
  edge = await openEdge(folder, () => stand.port);
  browser = await launchBrowser([`--host-resolver-rules=MAP ${host} 127.0.0.1:${new URL(edge.origin).port}`]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  edge.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  stand = await PairingStand.open(() => `https://${host}`);
});
afterEach(async () => {
  await page.context().close();
  await stand.close();
});

async function open(url: string, options: BrowserContextOptions = {}): Promise<void> {
  const context = await phone(browser, { ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
  page = await context.newPage();
  complaints = complaintsOf(page);
  authenticator = await VirtualAuthenticator.of(context, page);
  await page.goto(url);
}

const heading = (): Promise<string | null> => page.locator('h1:visible').textContent();
const shows = (section: string): Promise<unknown> => page.waitForSelector(`#${section}:visible`);

/** By everybody, on any screen; with nothing that the page's own policy refuses. */
async function isUsable(): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [width, height] of [
      [390, 844],
      [320, 568],
    ] as const) {
      await page.setViewportSize({ width, height });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await axeViolations(page)).toEqual([]);
    }
  }
  expect(complaints).toEqual([]);
}

describe('the pairing page', { timeout: 30_000 }, () => {
  it('takes the code out of the address bar and the history before anything else', async () => {
    const task = await stand.page.enrol('phone', null);
    await open(task.url);
    await shows('ask');
    expect(page.url()).toBe(`https://${host}/pair`);
    expect(await page.evaluate('document.documentElement.outerHTML')).not.toContain(new URL(task.url).hash.slice(1));
    await page.goBack();
    expect(page.url()).toBe('about:blank');
  });

  it('is usable in each of its states, on small screens, light and dark', async () => {
    const task = await stand.page.enrol(hostile, null);
    await open(task.url);
    await shows('ask');
    expect(await page.textContent('#paragraphs')).toContain(`“${hostile}”`);
    await isUsable();
    await page.tap('#go');
    await shows('compare');
    expect(await page.textContent('#fingerprint')).toBe(await task.result);
    await isUsable();
    await task.confirm(async () => undefined);
    await shows('end');
    expect(await heading()).toBe('Paired');
    await isUsable();
  });

  it('lets an approver allow a change with the passkey that was just made', async () => {
    const first = await stand.page.enrol('first', null);
    await open(first.url);
    await page.tap('#go');
    await first.result;
    await first.confirm(async () => undefined);
    await shows('end');
    const task: PhoneTask<unknown> = stand.page.allow(stand.plan({ kind: 'add', name: 'second', factor: 'passkey' }));
    await page.goto('about:blank');
    await page.goto(task.url);
    await shows('ask');
    expect(await heading()).toBe('Change who may approve?');
    await isUsable();
    await page.tap('#go');
    expect(await task.result).toMatchObject({ approver: { name: 'first', factor: 'passkey' } });
    await shows('end');
    expect(await heading()).toBe('Confirmed');
  });

  it('says in words why no passkey was made, and lets the person try again', async () => {
    const task = await stand.page.enrol('phone', null);
    await open(task.url);
    await authenticator.verifies(false);
    await page.tap('#go');
    await shows('notice');
    expect(await page.textContent('#notice')).toContain('a screen lock must be set');
    await isUsable();
    await authenticator.verifies(true);
    await page.tap('#go');
    await shows('compare');
  });

  it('says that a device is paired already', async () => {
    const first = await stand.page.enrol('first', null);
    await open(first.url);
    await page.tap('#go');
    await first.result;
    await first.confirm(async () => undefined);
    await shows('end');
    const [approver] = (await stand.roster.read()).approvers;
    const again = await stand.page.enrol('again', { approver: approver!, assertion: null });
    await page.goto('about:blank');
    await page.goto(again.url);
    await page.tap('#go');
    await shows('notice');
    expect(await page.textContent('#notice')).toBe('This device is paired already.');
  });
});

describe('a browser that cannot do it', { timeout: 30_000 }, () => {
  it('without passkeys gets a way out, and does not use up the code', async () => {
    const task = await stand.page.enrol('phone', null);
    await open('about:blank');
    await page.addInitScript('delete window.PublicKeyCredential');
    await page.goto(task.url);
    await shows('end');
    expect(await heading()).toBe('No passkeys here');
    expect(await page.textContent('#says')).toContain('--totp');
    await isUsable();
    await page.context().close();
    await open(task.url);
    await page.tap('#go');
    await shows('compare');
  });

  it('without JavaScript is told so', async () => {
    const task = await stand.page.enrol('phone', null);
    await open(task.url, { javaScriptEnabled: false });
    expect(await page.locator('h1').first().textContent()).toBe('This page needs JavaScript');
  });

  it('without the code is told to scan it again', async () => {
    await stand.page.enrol('phone', null);
    await open(`https://${host}/pair`);
    await shows('end');
    expect(await heading()).toBe('The code is missing');
    await isUsable();
  });

  it('hears when the terminal has gone', async () => {
    const task = await stand.page.enrol('phone', null);
    await open(task.url);
    await page.tap('#go');
    await shows('compare');
    await stand.page.close();
    await shows('end');
    expect(await heading()).toBe('The terminal is gone');
  });
});
