import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations.ts';
import { createConnection } from '../../src/webhooks/connection.ts';
import { removeDelivered } from '../../src/webhooks/housekeeping.ts';
import { openOutboxFile } from '../../src/webhooks/outbox-file.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { temporaryFile } from '../audit/support.ts';
import { TestClock } from '../support/clock.ts';
import { openStand, outboxOf, passTime, until, webhookTo } from './outbox-support.ts';
import { openSink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

const hour = 3_600_000;

describe('the file of the outbox', () => {
  test('is opened beside the log’s own connection, which alone syncs, and never stops the process for a lock', async () => {
    const path = temporaryFile();
    const log = await openDatabase(path);
    migrate(log);
    const outbox = await openOutboxFile({ path, followLinks: false });
    onTestFinished(() => [log, outbox].forEach((each) => void each?.close()));
    const pragmas = (database: typeof log): unknown[] =>
      ['journal_mode', 'synchronous', 'busy_timeout'].map((name) => database.pragma(name, { simple: true }));
    expect(pragmas(log)).toEqual(['wal', 2, 20]);
    expect(pragmas(outbox!)).toEqual(['wal', 1, 0]);
  });

  test('is nobody else’s: no file is made, none of an older version is changed, no link is followed', async () => {
    const path = temporaryFile();
    expect(await openOutboxFile({ path, followLinks: true })).toBeNull();
    writeFileSync(path, '');
    expect(await openOutboxFile({ path, followLinks: true })).toBeNull();
    expect(readFileSync(path)).toHaveLength(0);
    writeFileSync(path, 'not a database, but something of the user');
    await expect(openOutboxFile({ path, followLinks: true })).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toBe('not a database, but something of the user');
    const link = temporaryFile();
    const [real] = [openStand({ endpoints: [] })];
    await real.append();
    symlinkSync(real.file, link);
    await expect(openOutboxFile({ path: link, followLinks: false })).rejects.toThrow('symbolic link');
  });

  test('may be in use by somebody else for a while', async () => {
    const sink = await openSink();
    const stand = openStand({ endpoints: [webhookTo(sink.origin)] });
    await stand.append();
    await stand.webhooks.flush(60_000);
    const other = await openDatabase(stand.file);
    onTestFinished(() => void other.close());
    await stand.append();
    other.exec('BEGIN IMMEDIATE');
    let looks = 0;
    await until(() => (looks += 1) > 20);
    other.exec('COMMIT');
    await until(async () => (await outboxOf(stand.file)).every(({ state }) => state === 'delivered'));
    expect(stand.lines).toEqual([]);
  });
});

describe('the outbox is kept small', () => {
  test('by removing what was delivered a day ago, and nothing else', async () => {
    const [good, bad, down] = [
      await openSink(),
      await openSink((response) => void response.writeHead(413).end()),
      await openSink((response) => void response.writeHead(500).end()),
    ];
    const clock = new TestClock();
    const stand = openStand({ endpoints: [good, bad, down].map(({ origin }) => webhookTo(origin)), clock });
    await Promise.all(Array.from({ length: 450 }, () => stand.append()));
    await stand.webhooks.flush(Infinity);
    clock.pass(20 * hour);
    await stand.append();
    await stand.webhooks.flush(Infinity);
    const connection = createConnection({
      open: () => openOutboxFile({ path: stand.file, followLinks: true }),
      clock: systemClock,
      log: createLog(() => undefined),
    });
    onTestFinished(() => connection.close());
    const counts = async (): Promise<Record<string, number>> => {
      const groups = Map.groupBy(await outboxOf(stand.file), ({ state }) => state);
      return Object.fromEntries([...groups].map(([state, rows]) => [state, rows.length]));
    };
    await removeDelivered(connection, clock);
    expect(await counts()).toEqual({ delivered: 451, dead: 451, waiting: 451 });
    clock.pass(5 * hour);
    await removeDelivered(connection, clock);
    expect(await counts()).toEqual({ delivered: 1, dead: 451, waiting: 451 });
  });

  test('while it is in use', async () => {
    const sink = await openSink();
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin)], clock });
    stand.webhooks.start();
    await stand.append();
    await passTime(stand, clock, 26 * hour, hour);
    await until(async () => (await outboxOf(stand.file)).length === 0);
  });
});
