import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Receiver } from '../support/receivers.ts';
import { generic, openReceiver } from '../support/receivers.ts';
import { Pty } from '../support/pty.ts';
import { mainFile, tap, TestVault } from '../support/vault.ts';

const token = 'Bearer token-that-must-not-be-shown';

let receiver: Receiver;
let vault: TestVault;

beforeEach(async () => {
  receiver = await openReceiver((asked) => (asked.headers.authorization === token ? generic(asked) : { status: 401 }));
  vault = await openVault();
});

afterEach(() => vault.close());

function openVault(approved = true): Promise<TestVault> {
  const webhook = { url: `${receiver.origin}/secret-path`, authorization: token };
  return TestVault.open({ config: { webhooks: [webhook] }, approved });
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { folder: cwd, env } = vault;
  const child = spawn(process.execPath, [mainFile, 'webhooks', ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** One read that a person approves. */
async function decide(): Promise<void> {
  const client = await vault.connect();
  const answer = client.get();
  await tap(await client.link());
  await answer;
  await client.close();
}

function taken(action: string): number {
  return receiver.taken.filter((event) => event['action'] === action).length;
}

describe('agent-vault webhooks list', () => {
  it('says who is told and what waits, and shows neither path nor token', async () => {
    await decide();
    const { code, stdout, stderr } = await run('list');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^# +to +format +waiting +delivered \(1 day\) +given up +state\n/u);
    expect(stdout).toMatch(new RegExp(`^1 +${receiver.origin} +json +0 +[1-9]\\d* +0 +ok$`, 'mu'));
    const json = await run('list', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([{ number: 1, standing: 'approved', dead: 0, format: 'json' }]);
    expect(stdout + json.stdout).not.toMatch(/secret-path|token-that/u);
  });

  it('says what went wrong, since when events wait, and how to go on', async () => {
    receiver.answerNext({ status: 410 });
    await decide();
    const { stdout } = await run('list');
    expect(stdout).toMatch(/disabled$/mu);
    expect(stdout).toMatch(/^1: disabled: it answered 410.*agent-vault webhooks retry 1$/mu);
    expect(stdout).toMatch(/^1: the oldest event waits since 20/mu);
  });

  it('says that nothing is configured', async () => {
    await vault.close();
    vault = await TestVault.open();
    expect((await run('list')).stdout).toBe('No webhook is configured, and nothing waits for one.\n');
  });
});

describe('agent-vault webhooks retry', () => {
  it('enables an endpoint and sends what waited, with the token of the config', async () => {
    receiver.answerNext({ status: 410 });
    await decide();
    expect(taken('approved')).toBe(0);
    const { code, stdout } = await run('retry', '1');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^\d+ events? that had been given up waits? again\.\n$/u),
    ]);
    expect(taken('approved')).toBe(1);
    expect((await run('list')).stdout).toMatch(/ok$/mu);
  });

  it('lets wait again what was given up', async () => {
    receiver.answerNext({ status: 413 });
    await decide();
    expect((await run('list')).stdout).toMatch(/ 1 +ok$/mu);
    expect((await run('retry')).stdout).toBe('1 event that had been given up waits again.\n');
    expect(taken('approved')).toBe(1);
  });

  it('leaves alone what is for an endpoint that is in the config no more', async () => {
    receiver.answerNext({ status: 413 });
    await decide();
    const file = join(vault.folder, 'agent-vault.config.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), webhooks: [] }));
    expect((await run('retry')).stdout).toMatch(/^0 events /u);
    expect((await run('list')).stdout).toMatch(/ 1 +not in the config any more$/mu);
  });

  it('refuses an endpoint that there is not', async () => {
    const { code, stderr } = await run('retry', '7');
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no endpoint "7"')]);
  });
});

describe('agent-vault webhooks replay', () => {
  it('sends again what was committed since then', async () => {
    await decide();
    expect(taken('approved')).toBe(1);
    const { code } = await run('replay', '--since', '1h', receiver.origin);
    expect(code).toBe(0);
    expect(taken('approved')).toBe(2);
    await run('replay', '--since', '2100-01-01');
    expect(taken('approved')).toBe(2);
  });

  it('needs to know since when', async () => {
    expect(await run('replay')).toMatchObject({ code: 2, stderr: expect.stringContaining('needs --since') as string });
  });
});

describe('agent-vault webhooks test', () => {
  it('sends one event that says that it is a test, and tells the verdict', async () => {
    const good = await run('test', '1');
    expect([good.code, good.stdout]).toEqual([0, 'delivered: it took the test event\n']);
    expect(receiver.taken).toMatchObject([{ event: 'test' }]);
    receiver.answerNext({ status: 401 });
    const bad = await run('test', '1');
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining('it answered 401')]);
  });

  it('refuses what is no address', async () => {
    const { code, stderr } = await run('test', 'https://[half');
    expect([code, stderr]).toEqual([2, expect.stringContaining('this is no address')]);
  });

  it('sends to any address without the credentials of the config', async () => {
    const other = await openReceiver(({ headers, body }) =>
      headers.authorization === undefined ? { status: 204, events: [JSON.parse(body)] } : { status: 400 },
    );
    expect((await run('test', `${other.origin}/anywhere`)).code).toBe(0);
    expect(other.taken).toMatchObject([{ event: 'test' }]);
    expect(receiver.requests()).toBe(0);
  });

  it('sends nothing to a webhook that nobody has approved, unless a person says yes', async () => {
    await vault.close();
    vault = await openVault(false);
    const { code, stderr } = await run('test', '1');
    expect([code, stderr]).toEqual([2, expect.stringContaining('nobody has approved this webhook yet')]);
    for (const [answer, requests] of [
      ['no', 0],
      ['yes', 1],
    ] as const) {
      const terminal = new Pty(['webhooks', 'test', '1'], { cwd: vault.folder, env: vault.env });
      await terminal.shows(/Send to http:\S+ \(yes\/no\)/u);
      terminal.type(answer);
      expect(await terminal.ended).toBe(answer === 'yes' ? 0 : 2);
      expect(receiver.requests()).toBe(requests);
    }
  });

  it('does not take the address of an unapproved webhook for one of its own', async () => {
    await vault.close();
    vault = await openVault(false);
    expect((await run('test', `${receiver.origin}/secret-path`)).code).toBe(2);
    expect(receiver.requests()).toBe(0);
  });
});

describe('a webhook that is not approved any more', () => {
  it('is told nothing by retry or replay', async () => {
    await decide();
    const before = receiver.requests();
    const file = join(vault.folder, 'agent-vault.config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as { webhooks: { url: string }[] };
    config.webhooks[0]!.url = `${receiver.origin}/another`;
    await writeFile(file, JSON.stringify(config));
    await run('replay', '--since', '1h');
    await run('retry');
    expect(receiver.requests()).toBe(before);
    expect((await run('list')).stdout).toContain('not approved yet: told nothing');
  });
});
