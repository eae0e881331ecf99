import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { readAll } from './stored.ts';
import { Appender, temporaryFile, verified } from './support.ts';

// Real processes and real syncs: a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

async function linesOf(appender: Appender, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let at = 0; at < count; at += 1) ids.push(Number(await appender.line()));
  return ids;
}

describe('several processes', () => {
  test('append to one log at once: no row is lost, no id is given twice, the chain is whole', async () => {
    const file = temporaryFile();
    const appenders = await Promise.all([1, 2, 3].map(() => Appender.start(file)));
    for (const appender of appenders) appender.tell('append 30');
    for (const appender of appenders) appender.tell('together 60');
    const said = await Promise.all(appenders.map((appender) => linesOf(appender, 90)));
    await Promise.all(appenders.map((appender) => appender.end()));
    const ids = said.flat().sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: 270 }, (_, at) => at + 1));
    expect(verified(file)).toMatchObject({ ok: true, count: 270 });
  });
});

describe('a process that is killed while it appends', () => {
  test('leaves every row it had confirmed, and a chain that others go on with', async () => {
    const file = temporaryFile();
    let confirmed = 0;
    for (const until of [20, 35, 50]) {
      const appender = await Appender.start(file);
      appender.tell('append 1000000');
      for (let said = 0; said < until; said += 1) confirmed = Number(await appender.line());
      await appender.kill();
      const count = readAll(file).length;
      expect(count).toBeGreaterThanOrEqual(confirmed);
      expect(verified(file)).toMatchObject({ ok: true, count });
    }
    expect(confirmed).toBeGreaterThan(100);
  });
});

const hasStrace = spawnSync('strace', ['-V']).error === undefined;

describe.runIf(hasStrace)('the disk', () => {
  async function syncs(command: string): Promise<number> {
    const file = temporaryFile();
    const first = await Appender.start(file);
    await first.append();
    await first.end();
    const trace = `${file}.trace`;
    const appender = await Appender.start(file, {
      before: ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=fsync,fdatasync'],
    });
    appender.tell(command);
    await linesOf(appender, 50);
    await appender.end();
    return readFileSync(trace, 'utf8').match(/f(data)?sync\(/gu)?.length ?? 0;
  }

  test('is synced for each of 50 commits, also in a database that is opened again', async () => {
    expect(await syncs('append 50')).toBeGreaterThanOrEqual(50);
  });

  test('is synced once for 50 rows of one turn', async () => {
    expect(await syncs('together 50')).toBeLessThan(15);
  });
});
