import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser, phone } from './browser.ts';
import { domain, Internet } from './internet.ts';
import { pairAtTerminal } from './pairing.ts';
import { VirtualAuthenticator } from './phone.ts';
import type { TestVault, VaultOptions } from './vault.ts';

export const phoneName = 'Anna’s phone';

/** Somebody whose phone `agent-vault pair` has paired in a real terminal, at the address of a tunnel. */
export class Owner {
  readonly internet: Internet;
  /** The phone, and what is behind its screen lock. */
  readonly page: Page;
  readonly device: VirtualAuthenticator;
  readonly #browser: Browser;
  readonly #home: TestVault;

  /** @param onBind the text with which an endpoint is refused; null lets it in */
  static async open(onBind?: () => string | null): Promise<Owner> {
    const internet = await Internet.open(onBind);
    const browser = await launchBrowser([`--host-resolver-rules=MAP ${domain} 127.0.0.1:${internet.port}`]);
    const page = await newPage(browser);
    const device = await VirtualAuthenticator.of(page.context(), page);
    const home = await internet.openVault();
    const owner = new Owner({ internet, page, device, browser, home });
    await pairAtTerminal(home, phoneName, (url) => owner.tapAt(url));
    return owner;
  }

  private constructor(parts: {
    internet: Internet;
    page: Page;
    device: VirtualAuthenticator;
    browser: Browser;
    home: TestVault;
  }) {
    this.internet = parts.internet;
    this.page = parts.page;
    this.device = parts.device;
    this.#browser = parts.browser;
    this.#home = parts.home;
  }

  /** A project of theirs with a state folder of its own, in which the phone is paired. */
  async openVault(options: VaultOptions = {}): Promise<TestVault> {
    const vault = await this.internet.openVault(options);
    const approvers = join('state', 'approvers.json');
    await copyFile(join(this.#home.folder, approvers), join(vault.folder, approvers));
    return vault;
  }

  /** Somebody else's phone, with a screen lock that lets them in. */
  async newPhone(options: BrowserContextOptions = {}): Promise<{ page: Page; device: VirtualAuthenticator }> {
    const page = await newPage(this.#browser, options);
    return { page, device: await VirtualAuthenticator.of(page.context(), page) };
  }

  /** Opens a link of `agent-vault pair` and taps its button. */
  async tapAt(url: string): Promise<void> {
    await this.page.goto('about:blank');
    await this.page.goto(url);
    await this.page.tap('#go');
  }

  /** Opens a link and decides as its page stands, after `choose`. */
  async decide(
    url: string,
    decision: 'approve' | 'deny',
    choose: (page: Page) => Promise<void> = async () => undefined,
  ) {
    await this.page.goto(url);
    await choose(this.page);
    await this.page.tap(`.${decision}`);
    await this.page.waitForSelector('main.end');
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#home.close();
    await this.internet.close();
  }
}

async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await phone(browser, { ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
  return context.newPage();
}
