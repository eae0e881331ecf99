import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { patientClock } from './patient-clock.ts';
import { readAll } from './stored.ts';
import { Appender, opened, row, temporaryFile, temporaryFolder, verified } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

const refused = { failure: 'audit_unavailable', message: 'the audit log cannot be written, so nothing was done' };
const isRoot = process.geteuid?.() === 0;

/** Another program's connection that holds the write lock. */
function locked(file: string, kind: 'IMMEDIATE' | 'EXCLUSIVE'): Sqlite.Database {
  const other = new Sqlite(file);
  onTestFinished(() => void other.close());
  return other.exec(`BEGIN ${kind}`);
}

describe('a database that is locked', () => {
  test('is waited for without standing still', async () => {
    const file = temporaryFile();
    const { audit, lines } = opened(file, patientClock);
    await audit.append([row()]);
    const other = locked(file, 'IMMEDIATE');
    setTimeout(() => other.exec('COMMIT'), 150);
    await expect(audit.append([row()])).resolves.toHaveLength(1);
    expect(lines).toEqual([]);
  });

  test('is waited for when it is opened, too', async () => {
    const file = temporaryFile();
    const other = locked(file, 'EXCLUSIVE');
    setTimeout(() => other.exec('COMMIT'), 150);
    await expect(opened(file, patientClock).audit.append([row()])).resolves.toHaveLength(1);
  });

  test('is given up after a second and a half, and used again when it is free', async () => {
    const file = temporaryFile();
    let elapsed = 0;
    const clock: Clock = { ...systemClock, monotonic: () => (elapsed += 300) };
    const { audit, lines } = opened(file, clock);
    await audit.append([row()]);
    const other = locked(file, 'IMMEDIATE');
    elapsed = 0;
    const given = await Promise.allSettled([audit.append([row()]), audit.append([row()])]);
    expect(given).toMatchObject([{ reason: refused }, { reason: refused }]);
    expect(elapsed).toBeGreaterThanOrEqual(1500);
    expect(lines.join('')).toMatch(/SQLITE_BUSY.*\n.*hint: .*sqlite3/u);
    other.exec('COMMIT');
    await expect(audit.append([row()])).resolves.toMatchObject([{ seq: 2 }]);
  });
});

describe('a database that cannot be used', () => {
  const ways: Record<string, { make: (file: string) => void; saying: string }> = {
    'is not a database': {
      make: (file) => writeFileSync(file, 'no database, just text that is long enough'.repeat(40)),
      saying: 'SQLITE_NOTADB',
    },
    'is a folder': { make: (file) => mkdirSync(file), saying: 'it is not a regular file' },
    'is in a folder that is a file': {
      make: (file) => (rmSync(dirname(file), { recursive: true }), writeFileSync(dirname(file), '')),
      saying: 'EEXIST',
    },
  };
  for (const [name, { make, saying }] of Object.entries(ways)) {
    test(`because it ${name} refuses, says why once, and is used when that is put right`, async () => {
      const file = join(temporaryFolder(), 'folder', 'agent-vault.db');
      mkdirSync(dirname(file));
      make(file);
      const { audit, lines } = opened(file);
      for (let time = 0; time < 3; time += 1) await expect(audit.append([row()])).rejects.toMatchObject(refused);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(saying);
      rmSync(existsSync(file) ? file : dirname(file), { recursive: true });
      await expect(audit.append([row()])).resolves.toHaveLength(1);
    });
  }

  test('because it is corrupt leaves its bytes alone', async () => {
    const file = temporaryFile();
    const before = opened(file).audit;
    for (let time = 0; time < 50; time += 1) await before.append([row({ reason: 'x'.repeat(2000) })]);
    await before.close();
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096);
    writeFileSync(file, bytes);
    const { audit, lines } = opened(file);
    await expect(audit.append([row()])).rejects.toMatchObject(refused);
    expect(lines.join('')).toContain('SQLITE_CORRUPT');
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  test('says a cause again when it comes back after a success', async () => {
    const file = temporaryFile();
    const { audit, lines } = opened(file);
    const fail = async (): Promise<void> =>
      expect(audit.append([row({ detail: { bad: Number.NaN } })])).rejects.toMatchObject(refused);
    await fail();
    await fail();
    expect(lines).toHaveLength(1);
    await audit.append([row()]);
    await fail();
    expect(lines).toHaveLength(2);
  });

  test('is made together with its folder, for the owner alone', async () => {
    const file = join(temporaryFolder(), 'logs', 'vault', 'agent-vault.db');
    await opened(file).audit.append([row()]);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });
});

describe('a disk', () => {
  test('that is read-only: nothing is written until it is writable', async () => {
    const file = temporaryFile();
    // Root writes everywhere, so there the process becomes nobody.
    chmodSync(dirname(file), 0o555);
    const appender = await Appender.start(file, isRoot ? { uid: 65534 } : {});
    expect(await appender.append()).toBe('audit_unavailable');
    expect(readdirSync(dirname(file))).toEqual([]);
    chmodSync(dirname(file), 0o777);
    expect(await appender.append()).toBe('1');
    await appender.end();
  });

  test('that is full: nothing is half written, and the log goes on when there is room', async () => {
    const folder = temporaryFolder();
    const appender = await Appender.start(join(folder, 'agent-vault.db'), { before: smallDisk(folder) });
    let written = 0;
    while ((await appender.append()) !== 'audit_unavailable') written += 1;
    expect(written).toBeGreaterThan(10);
    expect(await appender.append()).toBe('audit_unavailable');
    if (!canMount) return;
    appender.tell(`remove ${join(folder, 'ballast')}`);
    for (let next = 1; next <= 20; next += 1) expect(await appender.append()).toBe(String(written + next));
    appender.tell('verify');
    expect(await appender.line()).toBe(String(written + 20));
  });

  test.runIf(has('strace'))(
    'that fails to sync: the row is refused, and the log goes on from what the disk holds',
    async () => {
      const file = temporaryFile();
      const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO:when=6'];
      const appender = await Appender.start(file, {
        before: ['strace', '-f', '-qq', '-o', '/dev/null', '-P', `${file}-wal`, ...inject],
      });
      const said: (string | null)[] = [];
      for (let time = 0; time < 12; time += 1) said.push(await appender.append());
      expect(said.filter((each) => each === 'audit_unavailable')).toHaveLength(1);
      await appender.end();
      const ids = readAll(file).map(({ id }) => String(id));
      expect(ids).toEqual(expect.arrayContaining(said.filter((each) => each !== 'audit_unavailable')));
      expect(verified(file)).toMatchObject({ ok: true });
    },
  );
});

const userNamespace = isRoot ? [] : ['--user', '--map-root-user'];
const canMount =
  spawnSync('unshare', [...userNamespace, '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;

/** A disk of 600 KB, half of it taken, that only the process sees; where that is not allowed, a limit on the size of files. */
function smallDisk(folder: string): string[] {
  if (!canMount) return ['sh', '-c', 'ulimit -f 200; exec "$@"', 'sh'];
  const script =
    'mount -t tmpfs -o size=600k tmpfs "$1" && head -c 300000 /dev/zero > "$1/ballast" && shift && exec "$@"';
  return ['unshare', ...userNamespace, '--mount', 'sh', '-c', script, 'sh', folder];
}

function has(program: string): boolean {
  return spawnSync(program, ['-V']).error === undefined;
}
