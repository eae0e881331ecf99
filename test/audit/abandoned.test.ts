import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import type { AuditAction, AuditRow } from '../../src/core/audit-row.ts';
import { oneLine } from '../../src/core/text.ts';
import { readAll } from './stored.ts';
import { Appender, opened, row, temporaryFile, verified } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Of a process that has ended. */
const dead = spawnSync(process.execPath, ['--version']).pid;
const host = oneLine(hostname());
const soon = new Date(Date.now() + 300_000).toISOString();

interface Life {
  readonly detail?: Record<string, string | number>;
  readonly timestamp?: string;
  readonly names?: readonly string[];
  /** What became of it, each with the names it is about. */
  readonly then?: Partial<Record<AuditAction, readonly string[]>>;
}

/** The rows of one request, as a process leaves them that dies then. */
function lifeOf(
  id: string,
  { detail = { pid: dead, host, expiresAt: soon }, timestamp, names = ['A'], then = {} }: Life,
) {
  const rows = (action: AuditAction, about: readonly string[]): AuditRow[] =>
    about.map((secretName) =>
      row({
        action,
        secretName,
        requestId: id,
        timestamp: timestamp ?? new Date().toISOString(),
        detail: action === 'requested' ? { tool: 'get_secret', secretId: `id of ${secretName}`, ...detail } : null,
      }),
    );
  const steps = Object.entries(then) as [AuditAction, readonly string[]][];
  return [rows('requested', names), ...steps.map(([action, about]) => rows(action, about))];
}

/** The names that are abandoned once another process has written its first row. */
async function abandonedIn(file: string, lives: Life[]): Promise<Record<string, unknown>[]> {
  const before = opened(file).audit;
  for (const [at, life] of lives.entries()) for (const rows of lifeOf(`life-${at}`, life)) await before.append(rows);
  await before.close();
  const next = opened(file).audit;
  await next.append([row()]);
  await next.close();
  expect(verified(file)).toMatchObject({ ok: true });
  return readAll(file).filter(({ action }) => action === 'abandoned');
}

describe('a request of a process that is dead', () => {
  test('is closed as abandoned when the next one has written its first row: one row for each name', async () => {
    const file = temporaryFile();
    const rows = await abandonedIn(file, [{ names: ['A', 'B'] }]);
    const [requested] = readAll(file);
    expect(rows).toMatchObject(
      ['A', 'B'].map((secret_name) => ({
        ...requested,
        id: expect.any(Number),
        timestamp: expect.any(String),
        secret_name,
        action: 'abandoned',
        detail: JSON.stringify({ cause: 'its process ended without ending it', secretId: `id of ${secret_name}` }),
        prev_hash: expect.any(String),
        hash: expect.any(String),
      })),
    );
  });

  test('is closed also after an approval that nobody picked up: only what was approved', async () => {
    const rows = await abandonedIn(temporaryFile(), [
      { names: ['A', 'B', 'C'], then: { approved: ['A', 'C'], denied: ['B'] } },
      { names: ['D'], then: { approved: ['D'], failed: ['D'] } },
    ]);
    expect(rows.map(({ secret_name }) => secret_name)).toEqual(['A', 'C', 'D']);
  });

  test.each<[string, Life['then']]>([
    ['released', { approved: ['A'], released: ['A'] }],
    ['denied', { denied: ['A'] }],
    ['expired', { expired: ['A'] }],
    ['withdrawn', { withdrawn: ['A'] }],
    ['lapsed', { approved: ['A'], lapsed: ['A'] }],
    ['abandoned', { abandoned: ['A'] }],
  ])('is left alone if it was %s', async (_, then = {}) => {
    const rows = await abandonedIn(temporaryFile(), [{ then }]);
    expect(rows).toHaveLength('abandoned' in then ? 1 : 0);
  });
});

describe('a request of a process that may live', () => {
  test.each<[string, Life]>([
    ['does', { detail: { pid: process.ppid, host, expiresAt: soon } }],
    ['is this one', { detail: { pid: process.pid, host, expiresAt: soon } }],
    ['is on another machine', { detail: { pid: dead, host: `not ${host}`, expiresAt: soon } }],
    ['is not known', { detail: { expiresAt: soon } }],
    ['is said in a way that is not ours', { detail: { pid: -1, host, expiresAt: 'soon' } }],
  ])('because it %s is left alone', async (_, life) => {
    expect(await abandonedIn(temporaryFile(), [life])).toEqual([]);
  });

  test('is closed even so an hour after its time', async () => {
    const times = [-3_590_000, -3_610_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const lives = times.map((expiresAt) => ({ detail: { pid: process.ppid, host, expiresAt } }));
    const rows = await abandonedIn(temporaryFile(), lives);
    expect(rows).toMatchObject([{ request_id: 'life-1', detail: expect.stringContaining('its time is over') }]);
  });

  test('is closed if it has this number and was there before this process', async () => {
    const timestamp = '2026-01-01T00:00:00.000Z';
    expect(
      await abandonedIn(temporaryFile(), [{ timestamp, detail: { pid: process.pid, host, expiresAt: soon } }]),
    ).toHaveLength(1);
  });
});

describe('many requests', () => {
  test('are closed once, also when several processes start at the same time', async () => {
    const file = temporaryFile();
    const before = opened(file).audit;
    for (let at = 0; at < 40; at += 1) for (const rows of lifeOf(`life-${at}`, {})) await before.append(rows);
    await before.close();
    const appenders = await Promise.all([1, 2, 3].map(() => Appender.start(file)));
    for (const appender of appenders) appender.tell('append 5');
    await Promise.all(
      appenders.map(async (appender) => {
        for (let said = 0; said < 5; said += 1) await appender.line();
      }),
    );
    await vi.waitFor(() => expect(closed()).toHaveLength(40), 30_000);
    await Promise.all(appenders.map((appender) => appender.end()));
    expect(new Set(closed()).size).toBe(40);
    expect(verified(file)).toMatchObject({ ok: true, count: 40 + 15 + 40 });

    function closed(): unknown[] {
      return readAll(file).flatMap(({ action, request_id }) => (action === 'abandoned' ? [request_id] : []));
    }
  });
});
