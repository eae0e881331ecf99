import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parseAnchors } from '../../src/audit/anchors.ts';
import { pruneLog } from '../../src/audit/prune.ts';
import type { PruneOptions } from '../../src/audit/prune.ts';
import type { Pruned } from '../../src/audit/removal.ts';
import type { CommittedRow } from '../../src/core/audit-row.ts';
import { expectHonest, LivedWorld } from './lived.ts';
import { forced, readAll, withDatabase } from './stored.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Reads A for three days, once every hour, each time through a request and once more through its window. */
async function threeDays(): Promise<LivedWorld> {
  const world = await LivedWorld.open({ ttlMs: 600_000 });
  for (let hour = 0; hour < 72; hour += 1) {
    const read = world.read(['A', 'B']);
    await world.decide(true, undefined, hour % 5 === 0 ? { names: ['A'] } : {});
    await read;
    await world.read(['A']);
    world.clock.pass(3_600_000);
    await world.settle();
  }
  return world;
}

function prune(world: LivedWorld, before: number, more: Partial<PruneOptions> = {}): Promise<Pruned> {
  const { file, stateFolder, clock } = world;
  return pruneLog({ file: { path: file, followLinks: true }, before, stateFolder, clock, ...more });
}

const hoursAgo = (world: LivedWorld, hours: number): number => world.clock.wall() - hours * 3_600_000;

function anchorsOf(world: LivedWorld, keys: Awaited<ReturnType<LivedWorld['keys']>>) {
  return parseAnchors(readFileSync(join(dirname(world.file), 'anchors.txt'), 'utf8'), keys);
}

describe('pruning', () => {
  test('removes whole what is older, and what is left is still intact, up to its anchors', async () => {
    const world = await threeDays();
    const before = hoursAgo(world, 40);
    const [rows, decisions] = [readAll(world.file), readAll(world.file, 'decisions')];
    const old = rows.filter(({ timestamp }) => Date.parse(String(timestamp)) < before);
    const removed = await prune(world, before);
    expect(removed).toEqual({ rows: old.length, decisions: 32 });
    expect(decisions.length - readAll(world.file, 'decisions').length).toBe(32);
    const [first] = readAll(world.file);
    expect([first!['id'], Date.parse(String(first!['timestamp'])) >= before]).toEqual([old.length + 1, true]);
    await world.end();
    const report = await world.verify({ anchors: anchorsOf(world, await world.keys()) });
    expectHonest(report);
    expect(report).toMatchObject({ kind: 'intact', pruned: old.length, last: rows.length + 1, uncovered: 0 });
    expect(report.limits.join()).toContain(`${old.length} rows were pruned, and signed for`);
  });

  test('is written down in the log, in a note that is signed', async () => {
    const world = await threeDays();
    const told: (readonly CommittedRow[])[] = [];
    await prune(world, hoursAgo(world, 10), { alongside: () => (rows) => told.push(rows) });
    const row = readAll(world.file).at(-1)!;
    const first = readAll(world.file)[0]!;
    const detail = JSON.parse(String(row['detail'])) as Record<string, unknown>;
    expect([row['action'], detail]).toMatchObject([
      'pruned',
      { size: Number(first['id']) - 1, head: first['prev_hash'] },
    ]);
    expect(String(detail['note']).split('\n').slice(0, 5)).toMatchObject([
      (await world.verify()).origin,
      String(detail['size']),
      expect.any(String),
      expect.stringMatching(/^time /u),
      'pruned',
    ]);
    expect(told.map((rows) => rows.map(({ seq }) => seq))).toEqual([[row['id']]]);
  });

  test('leaves every guard as it was, and servers that are running go on', async () => {
    const world = await threeDays();
    const before = readAll(world.file, 'sqlite_schema').length;
    await prune(world, hoursAgo(world, -1));
    expect(readAll(world.file, 'sqlite_schema')).toHaveLength(before);
    expect(readAll(world.file).map(({ action }) => action)).toEqual(['pruned']);
    const attempt = (): void => withDatabase(world.file, (database) => void database.exec('DELETE FROM audit'));
    expect(attempt).toThrow('append-only');
    const read = world.read(['A']);
    await world.decide();
    await read;
    await world.end();
    expectHonest(await world.verify());
  });

  test('can be done again and again, and has nothing to do where nothing is older', async () => {
    const world = await threeDays();
    expect(await prune(world, hoursAgo(world, 1_000))).toEqual({ rows: 0, decisions: 0 });
    const rows = readAll(world.file).length;
    for (const hours of [60, 60, 30, 5]) await prune(world, hoursAgo(world, hours));
    await world.end();
    expectHonest(await world.verify());
    expect(readAll(world.file).length).toBeLessThan(rows / 8);
    expect(readAll(world.file).filter(({ action }) => action === 'pruned').length).toBeGreaterThan(1);
  });

  test('waits for events about these rows, but not for those that were delivered, given up or forgotten, which go with the rows', async () => {
    const world = await threeDays();
    const now = world.clock.wall();
    const queue = (seq: number, state: string, at = now): void =>
      withDatabase(world.file, (database) => {
        const values = `('e', 'approved', ${seq}, '{}', ${at}, 0, '${state}')`;
        database.exec(`INSERT INTO outbox (endpoint, event, seq, body, created_at, next_at, state) VALUES ${values}`);
      });
    queue(2, 'delivered');
    queue(2, 'dead');
    queue(2, 'waiting', now - 8 * 86_400_000);
    queue(3, 'waiting');
    const rows = readAll(world.file).length;
    await expect(prune(world, hoursAgo(world, 40))).rejects.toMatchObject({
      failure: 'input_invalid',
      message: '1 event about these rows is still to be delivered, so nothing is removed',
    });
    expect(readAll(world.file)).toHaveLength(rows);
    withDatabase(world.file, (database) => database.exec(`UPDATE outbox SET state = 'delivered', seq = 3`));
    queue(1_000, 'dead');
    expect((await prune(world, hoursAgo(world, 40))).rows).toBeGreaterThan(0);
    expect(readAll(world.file, 'outbox').map(({ seq }) => seq)).toEqual([1_000]);
  });

  test('removes nothing of a log that was tampered with', async () => {
    const world = await threeDays();
    await world.end();
    forced(world.file, `UPDATE audit SET reason = 'other' WHERE id = 5`);
    const rows = readAll(world.file).length;
    await expect(prune(world, hoursAgo(world, 40))).rejects.toMatchObject({
      failure: 'input_invalid',
      message: expect.stringContaining('not intact (row 5: it does not have the hash of its content'),
    });
    expect(readAll(world.file)).toHaveLength(rows);
  });

  test('leaves nothing of the old rows in the file', async () => {
    const world = await LivedWorld.open();
    for (let time = 0; time < 50; time += 1) {
      const read = world.read(['A'], { reason: `a reason that nobody shall find again ${'.'.repeat(1_000)}` });
      await world.decide(false);
      await read;
      world.clock.pass(1_000);
    }
    world.clock.pass(3_600_000);
    await world.settle();
    await world.end();
    expect(readFileSync(world.file).includes('nobody shall find')).toBe(true);
    await prune(world, hoursAgo(world, 1));
    for (const name of readdirSync(dirname(world.file)).filter((each) => each.startsWith('agent-vault.db')))
      expect([name, readFileSync(join(dirname(world.file), name)).includes('nobody shall find')]).toEqual([
        name,
        false,
      ]);
    expectHonest(await world.verify());
  });
});

describe('a log whose beginning is gone', () => {
  test('is tampered with unless its owner has signed for that, also where a checkpoint ends there', async () => {
    const world = await threeDays();
    await world.end();
    const sizes = readAll(world.file, 'checkpoints').map(({ size }) => Number(size));
    expect(sizes.length).toBeGreaterThan(50);
    forced(
      world.file,
      `DELETE FROM decisions WHERE request_id IN (SELECT request_id FROM audit WHERE id <= ${sizes[9]!})`,
    );
    forced(world.file, `DELETE FROM audit WHERE id <= ${sizes[9]!}`);
    const report = await world.verify();
    expect(report.problems[0]).toMatchObject({
      row: 1,
      what: 'pruning',
      says: expect.stringContaining('no signed note'),
    });
  });

  test('is tampered with if more is gone than was signed for', async () => {
    const world = await threeDays();
    const { rows } = await prune(world, hoursAgo(world, 40));
    await world.end();
    forced(world.file, `DELETE FROM audit WHERE id = ${rows + 1}`);
    expect((await world.verify()).problems[0]).toMatchObject({ row: 1, what: 'pruning' });
  });

  test('is intact while the removal is only half done, and the next pruning ends it', async () => {
    const world = await threeDays();
    const [whole, decided] = [readAll(world.file), readAll(world.file, 'decisions')];
    const { rows } = await prune(world, hoursAgo(world, 20));
    await world.end();
    const cut = whole.findIndex(({ action }, at) => action === 'requested' && at > 10);
    const half = whole.slice(cut, rows);
    const back = [...half.map((row) => ['audit', row] as const), ...decided.map((row) => ['decisions', row] as const)];
    const first = whole.slice(0, cut).map(({ request_id }) => literal(request_id));
    forced(
      world.file,
      ...back.map(
        ([table, row]) => `INSERT OR IGNORE INTO ${table} VALUES (${Object.values(row).map(literal).join()})`,
      ),
      `DELETE FROM decisions WHERE request_id IN (${first.join()})`,
    );
    const report = await world.verify();
    expectHonest(report);
    expect(report.pruned).toBe(cut);
    await prune(world, hoursAgo(world, 1_000));
    expectHonest(await world.verify());
    expect(readAll(world.file)[0]!['id']).toBe(rows + 1);
  });
});

function literal(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : 'NULL';
}
