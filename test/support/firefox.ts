import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { Marionette } from './marionette.ts';

const executable = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';
const missing = `this test needs Firefox at ${executable}: apt-get install -y --no-install-recommends firefox-esr, or set FIREFOX to where it is`;

/** Without the last two, a passkey ceremony never ends: a software authenticator instead of USB ones, and a page that has the focus. */
const preferences = {
  'marionette.port': 0,
  'remote.prefs.recommended': true,
  'security.webauth.webauthn_enable_usbtoken': false,
  'security.webauth.webauthn_enable_softtoken': true,
  'focusmanager.testmode': true,
};

/** A real Firefox, without a window. It is driven by Marionette, which needs no program beside it. */
export class Firefox {
  readonly #driver: Marionette;
  readonly #end: () => Promise<void>;

  private constructor(driver: Marionette, end: () => Promise<void>) {
    this.#driver = driver;
    this.#end = end;
  }

  static async launch({ proxyPort, authority }: FirefoxOptions): Promise<Firefox> {
    if (!existsSync(executable)) throw new Error(missing);
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-firefox-'));
    const profile = join(folder, 'profile');
    await mkdir(profile);
    const proxy = { 'network.proxy.type': 1, 'network.proxy.ssl': '127.0.0.1', 'network.proxy.ssl_port': proxyPort };
    const lines = Object.entries({ ...preferences, ...proxy }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    await writeFile(join(profile, 'user.js'), lines.join(''));
    const flags = ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', profile];
    const child = spawn(executable, flags, { env: { ...process.env, HOME: folder }, stdio: 'ignore' });
    const end = async (): Promise<void> => {
      await killed(child);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    try {
      const driver = await Marionette.connect(await portIn(join(profile, 'MarionetteActivePort')));
      await driver.send('WebDriver:NewSession', {});
      await trust(driver, await readFile(authority, 'utf8'));
      return new Firefox(driver, end);
    } catch (thrown) {
      await end();
      throw thrown;
    }
  }

  /** Gives it an authenticator behind a screen lock that the person passes. */
  async addAuthenticator(): Promise<void> {
    await this.#driver.send('WebAuthn:AddVirtualAuthenticator', {
      protocol: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserConsenting: true,
      isUserVerified: true,
    });
  }

  async open(url: string): Promise<void> {
    await this.#driver.send('WebDriver:Navigate', { url });
  }

  /** Clicks what the selector finds, as soon as that can be clicked. */
  async click(selector: string): Promise<void> {
    await vi.waitFor(async () => {
      const found = await this.#driver.send('WebDriver:FindElement', { using: 'css selector', value: selector });
      const [id] = Object.values((found as { value: Record<string, string> }).value);
      await this.#driver.send('WebDriver:ElementClick', { id });
    }, patience);
  }

  /** Waits until it can be seen, and gives its text. */
  async textOf(selector: string): Promise<string> {
    const script = `const found = document.querySelector(arguments[0]);
      return found?.checkVisibility() ? found.innerText : null;`;
    return vi.waitFor(async () => {
      const { value } = (await this.#driver.send('WebDriver:ExecuteScript', { script, args: [selector] })) as {
        value: string | null;
      };
      if (value === null) throw new Error(`there is no ${selector} to be seen`);
      return value;
    }, patience);
  }

  async close(): Promise<void> {
    this.#driver.close();
    await this.#end();
  }
}

export interface FirefoxOptions {
  /** Of this machine: the way to all hosts. */
  readonly proxyPort: number;
  /** The file of a certificate authority that it is to trust: it allows no passkeys where a certificate was only let pass. */
  readonly authority: string;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function trust(driver: Marionette, pem: string): Promise<void> {
  const script = `Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB)
    .addCertFromBase64(arguments[0], 'C,,')`;
  const [, body = ''] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/u.exec(pem) ?? [];
  await driver.send('Marionette:SetContext', { value: 'chrome' });
  await driver.send('WebDriver:ExecuteScript', { script, args: [body.replace(/\s/gu, '')] });
  await driver.send('Marionette:SetContext', { value: 'content' });
}

const patience = { timeout: 20_000, interval: 50 };

function portIn(file: string): Promise<number> {
  return vi.waitFor(async () => {
    const port = Number(await readFile(file, 'utf8'));
    if (!(port > 0)) throw new Error('Firefox does not listen');
    return port;
  }, patience);
}
