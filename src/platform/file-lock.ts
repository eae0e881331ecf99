import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf } from './files.ts';

/** A lock on something that several processes change: a file, which exists while one of them is at it. */
export interface FileLock {
  /** Ask immediately before the change: false when the lock was taken away because it was held too long. */
  isHeld(): boolean;
  /** Never throws: a lock that cannot be removed is taken over by the next process after this one has ended. */
  release(): void;
}

export interface LockOptions {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly waitMs?: number;
}

/**
 * Waits for the lock; null if others held it all the time or nobody waits for us any more. Throws Node's error if the folder cannot be
 * written. A lock whose process has died is taken over.
 */
export async function lockFile(path: string, { signal, waitMs = 5_000 }: LockOptions): Promise<FileLock | null> {
  const until = performance.now() + waitMs;
  for (;;) {
    const lock = tryLock(path);
    if (lock !== null) return lock;
    if (signal.aborted || performance.now() >= until) return null;
    await pause(5 + Math.random() * 20);
  }
}

/** A holder changes nothing once it has held the lock for so long; milliseconds. */
const holdMs = 10_000;
/** A lock so old is nobody's, whatever its record says; the difference to `holdMs` allows for clocks that do not agree. */
const abandonedMs = 60_000;

function tryLock(path: string): FileLock | null {
  const record = `${process.pid} ${machine()} ${randomBytes(12).toString('hex')}\n`;
  if (create(path, record)) return heldLock(path, record);
  return removeDead(path) && create(path, record) ? heldLock(path, record) : null;
}

function heldLock(path: string, record: string): FileLock {
  const since = Date.now();
  return {
    isHeld: () => Math.abs(Date.now() - since) < holdMs && readRecord(path) === record,
    release: () => {
      try {
        if (readRecord(path) === record) unlinkSync(path);
      } catch {
        // The folder has become unwritable since.
      }
    },
  };
}

function create(path: string, record: string): boolean {
  try {
    writeFileSync(path, record, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/**
 * Two processes that both find the same dead lock must not remove two: the second would be the first one's new lock. So only the holder
 * of a second lock may remove, and looks again before it does. That lock can be left behind by a crash too, hence the recursion.
 */
function removeDead(path: string): boolean {
  if (!isDead(path)) return false;
  const right = tryLock(`${path}.break`);
  if (right === null) return false;
  try {
    if (!isDead(path)) return false;
    unlinkSync(path);
    return true;
  } finally {
    right.release();
  }
}

function isDead(path: string): boolean {
  const made = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return false;
  const bootedAt = Date.now() - uptime() * 1_000;
  if (Date.now() - made > abandonedMs || made < bootedAt - abandonedMs) return true;
  const [, pid, where] = /^([1-9]\d{0,9}) (\S+) \w+\n$/u.exec(readRecord(path)) ?? [];
  return where === machine() && !isAlive(Number(pid));
}

/** Empty if there is none or it is not a file. */
function readRecord(path: string): string {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) !== 'ESRCH';
  }
}

/** Where a process number means what it means here: two containers with one folder may share a host name but not their numbers. */
function machine(): string {
  return `${hostname()}/${processNamespace()}`.replace(/\s/gu, '_');
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return process.platform;
  }
}
