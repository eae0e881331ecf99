import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lockFile } from '../../src/platform/file-lock.ts';
import type { FileLock } from '../../src/platform/file-lock.ts';

const { signal } = new AbortController();

async function lockPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'thing.lock');
}

async function locked(path: string): Promise<FileLock> {
  const lock = await lockFile(path, { signal });
  if (lock === null) throw new Error('the lock was free');
  return lock;
}

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

const long = 3_600_000;
const ago = (ms: number): Date => new Date(Date.now() - ms);

it('lets one holder in at a time', async () => {
  const path = await lockPath();
  const first = await locked(path);
  expect(await lockFile(path, { signal, waitMs: 30 })).toBeNull();
  const waiting = locked(path);
  first.release();
  const second = await waiting;
  expect([first.isHeld(), second.isHeld()]).toEqual([false, true]);
});

it('gives up at once when nobody waits any more', async () => {
  const path = await lockPath();
  await locked(path);
  expect(await lockFile(path, { signal: AbortSignal.abort(), waitMs: long })).toBeNull();
});

it('takes over the lock of a process that has ended', async () => {
  const path = await lockPath();
  const lock = await locked(path);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/u, String(await endedPid())));
  const taken = await locked(path);
  expect([lock.isHeld(), taken.isHeld()]).toEqual([false, true]);
  expect(existsSync(`${path}.break`)).toBe(false);
});

it('does not judge a process number of another machine', async () => {
  const path = await lockPath();
  writeFileSync(path, `${await endedPid()} elsewhere/pid:[1] abc\n`);
  expect(await lockFile(path, { signal, waitMs: 30 })).toBeNull();
});

it.each(['', 'half a rec', '1 elsewhere/pid:[1] abc\n'])(
  'takes over a lock with the record %j only when it is old',
  async (record) => {
    const path = await lockPath();
    writeFileSync(path, record);
    expect(await lockFile(path, { signal, waitMs: 30 })).toBeNull();
    await utimes(path, ago(61_000), ago(61_000));
    expect((await locked(path)).isHeld()).toBe(true);
  },
);

it('takes over a dead lock also when the one who did so before was killed in the middle', async () => {
  const path = await lockPath();
  for (const left of [path, `${path}.break`, `${path}.break.break`]) {
    writeFileSync(left, '');
    await utimes(left, ago(long), ago(long));
  }
  expect((await locked(path)).isHeld()).toBe(true);
});

it('gives a dead lock to one of many that find it', async () => {
  const path = await lockPath();
  writeFileSync(path, '');
  await utimes(path, ago(long), ago(long));
  const found = await Promise.all(Array.from({ length: 20 }, () => lockFile(path, { signal, waitMs: 30 })));
  expect(found.filter((lock) => lock?.isHeld() === true)).toHaveLength(1);
});

it('does not remove a lock that another has taken over', async () => {
  const path = await lockPath();
  const first = await locked(path);
  await utimes(path, ago(long), ago(long));
  const second = await locked(path);
  first.release();
  expect([first.isHeld(), second.isHeld()]).toEqual([false, true]);
});

it('does not follow a link planted in its place', async () => {
  const path = await lockPath();
  await symlink(`${path}.target`, path);
  expect(await lockFile(path, { signal, waitMs: 30 })).toBeNull();
  expect(existsSync(`${path}.target`)).toBe(false);
});
