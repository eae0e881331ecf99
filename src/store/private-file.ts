import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Which file a path leads to; another file put in its place has another identity. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Makes a database's file if there is none, and keeps it and what SQLite puts beside it at mode 0600 (new companions
 * inherit the file's mode). Throws the file system's errors.
 */
export function makePrivate(file: string): void {
  createPrivate(file);
  for (const each of [file, ...companionsOf(file)]) tighten(each);
}

/** The write-ahead log and its index. SQLite puts them beside the file that a link leads to, not beside the link. */
export function companionsOf(file: string): readonly string[] {
  const real = realpathSync(file);
  return [`${real}-wal`, `${real}-shm`];
}

/** What a database that has no write-ahead log keeps there while it is changed. */
export function journalOf(file: string): string {
  return `${realpathSync(file)}-journal`;
}

/** Null if nothing is there. */
export function identityOf(file: string): FileIdentity | null {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : { device: found.dev, inode: found.ino };
}

export function sameFile(a: FileIdentity | null, b: FileIdentity | null): boolean {
  return a !== null && b !== null && a.device === b.device && a.inode === b.inode;
}

/**
 * With its folder, if need be; also where a link leads to nothing yet.
 * Never opens a file that exists: closing any descriptor of it would drop the locks this process holds on it (POSIX).
 */
export function createPrivate(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
}

function tighten(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && (found.mode & 0o077) !== 0) chmodSync(file, 0o600);
}
