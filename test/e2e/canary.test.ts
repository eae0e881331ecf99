import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestClient } from '../support/vault.ts';
import { auditActions } from '../../src/core/audit-row.ts';
import { canary, openPage, tap, TestVault } from '../support/vault.ts';
import type { Sink } from '../webhooks/support.ts';
import { openSink } from '../webhooks/support.ts';

const written = 'CANARY-written-3b9f-value-that-must-not-leak';
const key = 'CANARY-webhook-key-51c2';
let sink: Sink;
let vault: TestVault;
let client: TestClient;

beforeEach(async () => {
  sink = await openSink();
  const webhooks = [{ url: `${sink.origin}/events`, authorization: 'env:LOG_KEY', events: auditActions }];
  const vaults = {
    local: { type: 'env', file: '.env.secrets', writable: true, ttl: 1 },
    closed: { type: 'env', file: '.env.secrets' },
  };
  vault = await TestVault.open({
    config: { vaults, webhooks, approval: { expiresIn: 2, cooldown: 0 } },
    env: { LOG_KEY: key },
  });
  client = await vault.connect();
});

afterEach(async () => {
  await client.close();
  await vault.close();
  await sink.close();
});

/** A run that reads, writes, denies, fails and expires. Returns everything that somebody other than the caller could see. */
async function run(): Promise<{ values: string[]; seen: Map<string, string> }> {
  const values: string[] = [];
  const pages: string[] = [];
  const others: string[] = [];
  let links = 0;
  const decide = async (decision: 'approve' | 'deny'): Promise<void> => {
    const link = await client.link((links += 1));
    pages.push((await openPage(link)).html);
    await tap(link, decision);
    pages.push((await openPage(link)).html);
  };
  const read = client.get();
  await decide('approve');
  values.push((await read).text, (await client.get()).text);
  const write = client.call('set_secrets', {
    vault: 'local',
    secrets: [{ name: 'API_KEY', value: written }],
    reason: 'rotate',
  });
  await decide('approve');
  others.push((await write).text);
  values.push((await client.get()).text);
  const denied = client.get('OTHER');
  await decide('deny');
  others.push((await denied).text);
  const expired = client.get('OTHER', 'x', 'closed');
  pages.push((await openPage(await client.link((links += 1)))).html);
  others.push((await expired).text);
  others.push(
    (await client.get('OTHERS')).text,
    (await client.call('set_secret', { vault: 'closed', name: 'A', value: written, reason: 'x' })).text,
  );
  others.push((await client.call('set_secret', { vault: 'local', name: 'PATH', value: written, reason: 'x' })).text);
  const failing = client.get('OTHER', 'again');
  const link = await client.link((links += 1));
  await writeFile(join(vault.folder, '.env.secrets'), `API_KEY='${written}'\n`);
  await tap(link);
  others.push((await failing).text);
  await setTimeout(300);
  await client.close();
  const seen = new Map<string, string>([
    ['stderr', client.stderr],
    ['pages', pages.join('\n')],
    ['progress', client.progress.join('\n')],
    ['other results', others.join('\n')],
    ['webhooks', JSON.stringify(sink.received)],
  ]);
  for (const file of (await readdir(vault.folder)).filter((name) => name.startsWith('agent-vault.db'))) {
    seen.set(file, (await readFile(join(vault.folder, file))).toString('latin1'));
  }
  const state = join(vault.folder, 'state');
  for (const file of await readdir(state)) seen.set(`state/${file}`, await readFile(join(state, file), 'latin1'));
  return { values, seen };
}

describe('a value', () => {
  it('reaches the agent that was approved and nothing else: no database file, log, page, webhook or error', async () => {
    const { values, seen } = await run();
    expect(values).toEqual([canary, canary, written]);
    expect(vault.actions().map((action) => action.split(' ')[0])).toEqual([
      'requested',
      'approved',
      'released',
      'auto_approved', // the read and its repeat
      'requested',
      'approved',
      'released',
      'auto_approved', // the write, and a read of what it wrote
      'requested',
      'denied',
      'requested',
      'expired',
      'refused',
      'refused',
      'requested',
      'approved',
      'failed',
      'lapsed', // at the end of the session
    ]);
    const traces = ['CANARY', 'value-that-must-not-leak', Buffer.from(canary).toString('base64').slice(4, 30)];
    const allowed = /CAN••••••eak/gu;
    const leaks = [...seen].flatMap(([where, text]) =>
      traces
        .filter((trace) => text.replace(allowed, '').replaceAll(key, '').includes(trace))
        .map((trace) => `${trace} in ${where}`),
    );
    expect(leaks).toEqual([]);
    expect(seen.get('pages')).toContain('CAN••••••eak');
    expect(seen.get('webhooks')).toContain(key);
    expect([...seen].filter(([where, text]) => where !== 'webhooks' && text.includes(key))).toEqual([]);
    expect([...seen.keys()]).toContain('agent-vault.db');
  });

  it('is told to webhooks in the payload that watchers know', async () => {
    const answer = client.get();
    await tap(await client.link());
    await answer;
    await sink.until(3);
    const approved = sink.received
      .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
      .find((event) => event['action'] === 'approved');
    expect(Object.keys(approved ?? {})).toEqual([
      'event',
      'timestamp',
      'vault',
      'secrets',
      'reason',
      'action',
      'scope',
      'ttlExpiresAt',
      'operation',
      'requestId',
      'session',
      'agent',
      'approver',
      'seq',
      'hash',
    ]);
    expect(approved).toMatchObject({
      event: 'secret_access',
      vault: 'local',
      secrets: ['API_KEY'],
      reason: 'a test',
      scope: 'secret',
      approver: 'link holder',
      seq: 2,
    });
    expect(sink.received[0]?.headers.authorization).toBe(key);
  });
});
