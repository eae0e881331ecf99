import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Secret as AppSecret, TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchBrowser, phone } from '../support/browser.ts';
import type { Certificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import type { Edge } from '../support/edge.ts';
import { openEdge } from '../support/edge.ts';
import { NgrokEdge } from '../support/ngrok-edge.ts';
import { VirtualAuthenticator } from '../support/phone.ts';
import { Pty } from '../support/pty.ts';
import { canary, mainFile, TestVault } from '../support/vault.ts';

const domain = 'vault.example.test';
const token = '2canaryAuthToken_7Qm4xZ';
const link = /(https:\/\/vault\.example\.test\/pair#[\w-]{22})\n/u;
const shown = /Its fingerprint is\s+([0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4})/u;

let folder: string;
let certificate: Certificate;
let ngrok: NgrokEdge;
let front: Edge;
let browser: Browser;
let port: number;
let vault: TestVault;
let terminals: Pty[];
let page: Page;
let authenticator: VirtualAuthenticator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-pair-'));
  certificate = makeCertificate(folder);
  ngrok = await NgrokEdge.open({ certificate });
  port = await freePort();
  front = await openEdge(await mkdtemp(join(folder, 'front-')), () => port);
  browser = await launchBrowser([`--host-resolver-rules=MAP ${domain} 127.0.0.1:${new URL(front.origin).port}`]);
}, 60_000);

afterAll(async () => {
  await browser.close();
  front.close();
  await ngrok.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  terminals = [];
  vault = await openVault();
  await newPhone();
});

afterEach(async () => {
  for (const terminal of terminals) await terminal.close();
  await page.context().close();
  await vault.close();
});

function openVault(approved = true): Promise<TestVault> {
  const tunnel = { server_addr: ngrok.address, root_cas: certificate.caFile };
  const config = { port, ngrokAuthToken: 'env:NGROK_TOKEN', ngrokDomain: domain, tunnel };
  return TestVault.open({ config, env: { NGROK_TOKEN: token }, approved });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

async function newPhone(): Promise<void> {
  const context = await phone(browser, { ignoreHTTPSErrors: true, reducedMotion: 'reduce' });
  page = await context.newPage();
  authenticator = await VirtualAuthenticator.of(context, page);
}

function pair(...args: string[]): Pty {
  const terminal = new Pty(['pair', ...args], { cwd: vault.folder, env: vault.env });
  terminals.push(terminal);
  return terminal;
}

const heading = (): Promise<string | null> => page.locator('h1:visible').textContent();

/** Opens a link on the phone, taps the button, and waits for what comes of it. */
async function tapAt(url: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(url);
  await page.tap('#go');
}

async function pairPhone(...args: string[]): Promise<Pty> {
  const terminal = pair(...args);
  await tapAt(await terminal.shows(link));
  await terminal.shows(shown);
  terminal.type('y');
  await terminal.shows(/Paired:/u);
  expect(await terminal.ended).toBe(0);
  return terminal;
}

async function pairApp(...args: string[]): Promise<() => string> {
  const terminal = pair('--totp', ...args);
  const key = await terminal.shows(/\n((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})\n/u);
  const app = new TOTP({ secret: AppSecret.fromBase32(key.replaceAll(' ', '')) });
  terminal.type(app.generate());
  await terminal.shows(/Paired:/u);
  expect(await terminal.ended).toBe(0);
  // The code of now is used up; the next one is within the drift that is allowed.
  return () => app.generate({ timestamp: Date.now() + 30_000 });
}

interface Stored {
  readonly generation: number;
  readonly approvers: readonly Record<string, unknown>[];
}

async function stored(): Promise<Stored | null> {
  const file = join(vault.folder, 'state', 'approvers.json');
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Stored) : null;
}

const names = async (): Promise<unknown[]> => ((await stored())?.approvers ?? []).map(({ name }) => name);
const rows = (): Record<string, unknown>[] => vault.rows();
function decisionOf(id: string): { readonly body: string; readonly assertion: string } {
  const database = new Database(vault.database, { readonly: true });
  try {
    return database.prepare('SELECT * FROM decisions WHERE request_id = ?').get(id) as {
      body: string;
      assertion: string;
    };
  } finally {
    database.close();
  }
}

const detailOf = (row: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(String(row['detail'])) as Record<string, unknown>;

describe('pairing a phone', { timeout: 60_000 }, () => {
  it('shows a code, makes a passkey, compares fingerprints, and stores it after a yes', async () => {
    const terminal = pair('--name', "Anna's phone");
    const url = await terminal.shows(link);
    await page.goto(url);
    expect(await heading()).toBe('Make this device an approver?');
    expect(page.url()).toBe(`https://${domain}/pair`);
    await page.tap('#go');
    const fingerprint = await terminal.shows(shown);
    await page.waitForSelector('#compare:visible');
    expect(await page.textContent('#fingerprint')).toBe(fingerprint);
    expect(await stored()).toBeNull();
    terminal.type('y');
    await page.waitForSelector('#end:visible');
    expect(await heading()).toBe('Paired');
    expect(await terminal.ended).toBe(0);

    const [approver] = (await stored())?.approvers ?? [];
    expect(approver).toMatchObject({
      name: "Anna's phone",
      factor: 'passkey',
      rpId: domain,
      origin: `https://${domain}`,
    });
    const [row] = rows();
    expect(row).toMatchObject({ action: 'paired', approver: null, secret_name: '' });
    expect(detailOf(row!)).toMatchObject({
      id: approver!['id'],
      name: "Anna's phone",
      fingerprint,
      credentialId: approver!['credentialId'],
      publicKey: approver!['publicKey'],
    });
    expect(terminal.text).not.toContain(token);
  });

  it('stores nothing when the person does not see the same fingerprint', async () => {
    const terminal = pair();
    await tapAt(await terminal.shows(link));
    await terminal.shows(shown);
    terminal.type('n');
    await page.waitForSelector('#end:visible');
    expect(await heading()).toBe('Not paired');
    expect(await terminal.ended).toBe(0);
    expect(await stored()).toBeNull();
    expect(existsSync(vault.database)).toBe(false);
  });

  it('takes nothing but a yes for a yes, and nothing that was typed before the question', async () => {
    const terminal = pair();
    const url = await terminal.shows(link);
    terminal.type('y');
    await tapAt(url);
    await terminal.shows(/Does the phone show the same\?/u);
    terminal.type('yep');
    await terminal.shows(/Nothing was paired/u);
    expect(await terminal.ended).toBe(0);
    expect(await stored()).toBeNull();
  });

  it('lets a code be used once, by whoever comes first', async () => {
    const terminal = pair();
    const url = await terminal.shows(link);
    await tapAt(url);
    await terminal.shows(shown);
    const first = page;
    await newPhone();
    await page.goto(url);
    await page.waitForSelector('#end:visible');
    expect(await heading()).toBe('This code does not work');
    expect(await authenticator.count()).toBe(0);
    await first.context().close();
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const before = readdirSync(vault.folder, { recursive: true });
    const terminal = pair();
    await tapAt(await terminal.shows(link));
    await terminal.shows(shown);
    terminal.interrupt();
    expect(await terminal.ended).toBe(130);
    expect(await stored()).toBeNull();
    expect(readdirSync(vault.folder, { recursive: true })).toEqual(before);
    expect(ngrok.online).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${port}/pair`)).rejects.toThrow();
  });

  it('can be tried again on the phone when the screen lock was not passed', async () => {
    const terminal = pair();
    const url = await terminal.shows(link);
    await authenticator.verifies(false);
    await tapAt(url);
    await page.waitForSelector('#notice:visible');
    expect(await page.textContent('#notice')).toContain('No passkey was made');
    await authenticator.verifies(true);
    await page.tap('#go');
    await terminal.shows(shown);
    terminal.type('y');
    expect(await terminal.ended).toBe(0);
    expect(await names()).toEqual(['phone']);
  });

  it('uses a tunnel that nobody has approved only after a yes to what the config says about it', async () => {
    await vault.close();
    vault = await openVault(false);
    const binds = ngrok.binds.length;
    const careful = pair();
    await careful.shows(/variable NGROK_TOKEN[\s\S]*Use this tunnel now\?/u);
    careful.type('n');
    expect(await careful.ended).toBe(4);
    expect(ngrok.binds.length).toBe(binds);
    const terminal = pair();
    await terminal.shows(/Use this tunnel now\?/u);
    terminal.type('y');
    await tapAt(await terminal.shows(link));
    await terminal.shows(shown);
    terminal.type('y');
    expect(await terminal.ended).toBe(0);
    expect(await names()).toEqual(['phone']);
  });
});

describe('pairing without a person', { timeout: 60_000 }, () => {
  it('is refused where there is no terminal', async () => {
    const started = spawn(process.execPath, [mainFile, 'pair'], { cwd: vault.folder, env: vault.env });
    let stderr = '';
    started.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    expect(await once(started, 'exit')).toEqual([2, null]);
    expect(stderr).toContain('needs a person at a terminal');
  });

  it('is refused in the shell of an agent, though that is no boundary', async () => {
    vault.env['CLAUDECODE'] = '1';
    for (const args of [[], ['--totp'], ['--remove', 'x'], ['--reset']]) {
      const terminal = pair(...args);
      await terminal.shows(/a shell of Claude Code/u);
      expect(await terminal.ended).toBe(2);
    }
    expect(ngrok.online).toEqual([]);
  });
});

describe('a change of who may approve', { timeout: 60_000 }, () => {
  it('needs the passkey of somebody who may approve, and the log shows whose it was', async () => {
    await pairPhone('--name', 'first');
    const terminal = pair('--name', 'second');
    const allow = await terminal.shows(link);
    await page.goto('about:blank');
    await page.goto(allow);
    expect(await heading()).toBe('Change who may approve?');
    expect(await page.textContent('#paragraphs')).toContain('second');
    await page.tap('#go');
    await terminal.shows(/Allowed by "first"/u);
    const enrol = await terminal.shows(/Allowed by[\s\S]*(https:\/\/vault\.example\.test\/pair#[\w-]{22})\n/u);
    const firstPhone = page;
    await newPhone();
    await tapAt(enrol);
    await terminal.shows(shown);
    terminal.type('y');
    expect(await terminal.ended).toBe(0);
    expect(await names()).toEqual(['first', 'second']);
    const [, row] = rows();
    expect(row).toMatchObject({ action: 'paired', approver: 'first', factor: 'passkey' });
    const { body, assertion } = decisionOf(String(row?.['request_id']));
    expect(detailOf(row!)['decision']).toBe(createHash('sha256').update(body).digest('hex'));
    expect(JSON.parse(body)).toMatchObject({ change: 'add', approver: { name: 'second', factor: 'passkey' } });
    expect(assertion).toContain('"signature"');
    await firstPhone.context().close();
  });

  it('does not happen for a phone that is not paired', async () => {
    await pairPhone('--name', 'first');
    await page.context().close();
    await newPhone();
    const terminal = pair('--name', 'second');
    await tapAt(await terminal.shows(link));
    await page.waitForSelector('#notice:visible');
    expect(await page.textContent('#notice')).toContain('no passkey of yours');
    terminal.interrupt();
    expect(await terminal.ended).toBe(130);
    expect(await names()).toEqual(['first']);
  });

  it('is allowed by a code of the authenticator app, at the terminal', async () => {
    const code = await pairApp('--name', 'app');
    const terminal = pair('--totp', '--name', 'other app');
    await terminal.shows(/Code of the authenticator app/u);
    terminal.type('000000');
    await terminal.shows(/Code of the authenticator app[\s\S]*Code of the authenticator app/u);
    expect(await names()).toEqual(['app']);
    terminal.type(code());
    await terminal.shows(/Scan this with the authenticator app/u);
    terminal.type('');
    await terminal.shows(/Nothing was paired/u);
    expect(await terminal.ended).toBe(0);
    expect(await names()).toEqual(['app']);
  });

  it('can take an approver away; with the last one, nothing can be approved', async () => {
    const code = await pairApp('--name', 'app');
    const wrong = pair('--remove', 'apps');
    await wrong.shows(/did you mean "app"\?/u);
    expect(await wrong.ended).toBe(2);
    const terminal = pair('--remove', 'app');
    await terminal.shows(/Code of the authenticator app/u);
    terminal.type(code());
    await terminal.shows(/Nobody is left/u);
    expect(await terminal.ended).toBe(0);
    expect(await stored()).toMatchObject({ generation: 2, approvers: [] });
    expect(rows().map(({ action, approver }) => [action, approver])).toEqual([
      ['paired', null],
      ['unpaired', 'app'],
    ]);
  });

  it('does not take effect when the log cannot be written', async () => {
    const code = await pairApp('--name', 'app');
    await writeFile(vault.database, 'this is no database any more, whatever it was before');
    const terminal = pair('--remove', 'app');
    await terminal.shows(/Code of the authenticator app/u);
    terminal.type(code());
    await terminal.shows(/audit log/u);
    expect(await terminal.ended).toBe(4);
    expect(await names()).toEqual(['app']);
  });
});

describe('a reset', { timeout: 60_000 }, () => {
  it('wipes all approvers after the word was typed, and leaves it closed', async () => {
    await pairApp();
    const careless = pair('--reset');
    await careless.shows(/Type "reset"/u);
    careless.type('yes');
    expect(await careless.ended).toBe(0);
    expect(await names()).toEqual(['authenticator app']);

    const terminal = pair('--reset');
    await terminal.shows(/Type "reset"/u);
    terminal.type('reset');
    await terminal.shows(/Done\. Nothing can be approved/u);
    expect(await terminal.ended).toBe(0);
    expect(await stored()).toMatchObject({ generation: 2, approvers: [] });
    const [, row] = rows();
    expect(row).toMatchObject({ action: 'reset', approver: null });
    expect(JSON.stringify(detailOf(row!))).toContain('authenticator app');
  });
});

describe('what pairing shows', { timeout: 60_000 }, () => {
  it('as a list of who may approve, without a secret', async () => {
    const nobody = pair('--list');
    await nobody.shows(/Nobody is paired/u);
    await pairPhone('--name', 'my phone');
    const list = pair('--list');
    await list.shows(/my phone +passkey +[0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4} +\d{4}-\d\d-\d\d +vault\.example\.test/u);
    expect(await list.ended).toBe(0);
    expect(list.text).not.toContain(String((await stored())?.approvers[0]?.['publicKey']));
  });

  it('to the webhooks that may fire', async () => {
    const posted: string[] = [];
    const receiver = createHttpServer((request, response) => {
      request.on('data', (chunk: Buffer) => posted.push(chunk.toString()));
      response.end();
    });
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    const { port: to } = receiver.address() as AddressInfo;
    await vault.close();
    const url = `http://127.0.0.1:${to}/`;
    vault = await TestVault.open({ config: { webhooks: [{ url, events: ['paired', 'reset'] }] } });
    await pairApp('--name', 'app');
    const terminal = pair('--reset');
    await terminal.shows(/Type "reset"/u);
    terminal.type('reset');
    await terminal.ended;
    expect(posted.map((text) => (JSON.parse(text) as { action: string }).action)).toEqual(['paired', 'reset']);
    receiver.close();
  });

  it('never a value, a token or an app’s key in the log', async () => {
    const terminal = pair('--totp');
    const key = (await terminal.shows(/\n((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})\n/u)).replaceAll(' ', '');
    terminal.type(new TOTP({ secret: AppSecret.fromBase32(key) }).generate());
    await terminal.shows(/Paired:/u);
    await terminal.ended;
    const log = await readFile(vault.database);
    for (const secret of [key, token, canary]) expect(log.includes(secret)).toBe(false);
  });
});
