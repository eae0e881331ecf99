import { basename } from 'node:path';
import { VaultError } from '../core/errors.ts';
import { lockFile } from './file-lock.ts';
import type { FileLock } from './file-lock.ts';
import { readSteadily, replaceFile, stampOf } from './files.ts';
import type { FileOwner, FileTrouble } from './files.ts';

/** A JSON file of the user's own, which every process of Agent Vault reads and changes. Nothing is kept in memory. */
export interface StateFile<T> {
  /** `empty` if there is no file. Throws `config_invalid` for one that is not ours, that others can write, or that cannot be read. */
  read(): Promise<T>;
  /**
   * Gives the present content to `update` and puts what comes back in its place; what other processes change meanwhile waits.
   * Resolves with the new content once it is on disk. Throws what `update` throws, or `config_invalid`; then nothing has changed.
   * `update` must be done within 10 seconds.
   * @param damaged stands for a content that is not ours or cannot be read, which is then replaced; without it that is refused
   */
  change(update: (now: T) => T | Promise<T>, damaged?: T): Promise<T>;
  /** Another one whenever the content may be another; null while there is no file. */
  stamp(): Promise<string | null>;
}

export interface StateFileOptions<T> {
  /** Absolute, in a folder that exists and that only its owner can write. */
  readonly path: string;
  /** Throws on what is not ours; its error's text goes no further. */
  readonly parse: (json: unknown) => T;
  /** The content of a missing file. */
  readonly empty: T;
}

/** Bytes. */
const largest = 1024 * 1024;

export function openStateFile<T>({ path, parse, empty }: StateFileOptions<T>): StateFile<T> {
  const file: Place<T> = { path, parse, empty };
  return {
    read: () => contentOf(file),
    change: (update, damaged) => changed(file, update, damaged),
    stamp: () => stampOf(path),
  };
}

type Place<T> = Readonly<StateFileOptions<T>>;

async function contentOf<T>({ path, parse, empty }: Place<T>): Promise<T> {
  const read = await readSteadily(path, largest, 'refuse');
  if (read.kind === 'missing') return empty;
  if (read.kind !== 'file') throw unusable(path, troubles[read.kind], read.cause);
  if (!isOurs(read.owner)) throw unusable(path, 'belongs to another user or can be written by one');
  try {
    return parse(JSON.parse(read.bytes.toString('utf8')));
  } catch (cause) {
    throw unusable(path, 'does not hold what Agent Vault writes there', cause);
  }
}

async function changed<T>(file: Place<T>, update: (now: T) => T | Promise<T>, damaged: T | undefined): Promise<T> {
  const lock = await locked(file.path);
  try {
    const now = contentOf(file);
    const next = await update(damaged === undefined ? await now : await now.catch(() => damaged));
    const bytes = bytesOf(next, file);
    if (await replaced(file.path, bytes, lock)) return next;
    throw unusable(file.path, 'could not be changed in time');
  } finally {
    lock.release();
  }
}

async function locked(path: string): Promise<FileLock> {
  const { signal } = new AbortController();
  const lock = await lockFile(`${path}.lock`, { signal }).catch((cause: unknown) => {
    throw unusable(path, 'cannot be written', cause);
  });
  if (lock === null) throw unusable(path, 'is being changed by another process all the time');
  return lock;
}

async function replaced(path: string, bytes: Buffer, lock: FileLock): Promise<boolean> {
  try {
    return await replaceFile({ path, bytes, owner: null, stillWanted: () => lock.isHeld() });
  } catch (cause) {
    throw unusable(path, 'cannot be written', cause);
  }
}

/** Nothing is written that would be refused when it is read. */
function bytesOf<T>(content: T, { path, parse }: Place<T>): Buffer {
  const text = `${JSON.stringify(content, null, 2)}\n`;
  try {
    parse(JSON.parse(text));
  } catch (cause) {
    throw unusable(path, 'cannot hold this', cause);
  }
  const bytes = Buffer.from(text);
  if (bytes.length > largest) throw unusable(path, 'would become too large');
  return bytes;
}

/** Windows has neither owners nor modes to look at. */
function isOurs({ uid, mode }: FileOwner): boolean {
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & 0o022) === 0);
}

const troubles: Record<Exclude<FileTrouble, 'missing'>, string> = {
  folder: 'is a folder',
  special: 'is a symbolic link or not a file',
  denied: 'cannot be read',
  'too large': 'is too large',
  unsteady: 'is being written to all the time',
  failed: 'cannot be read',
};

function unusable(path: string, why: string, cause?: unknown): VaultError {
  const hint = `look at ${path}: it must be a file as Agent Vault wrote it, yours, that only you can write`;
  return new VaultError('config_invalid', `the state file ${basename(path)} ${why}`, { hint, cause });
}
