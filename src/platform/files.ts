import { randomBytes } from 'node:crypto';
import { constants, renameSync } from 'node:fs';
import { open, readdir, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Permission bits, owner and group, to be carried over to the file that takes this one's place. */
export interface FileOwner {
  /** The lower nine bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** `unsteady`: somebody wrote to it during each of three reads. `cause` is Node's error, where there is one. */
export type FileTrouble = 'missing' | 'folder' | 'special' | 'denied' | 'too large' | 'unsteady' | 'failed';

export type FileRead =
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly owner: FileOwner }
  | { readonly kind: FileTrouble; readonly cause?: unknown };

/** What becomes of a symbolic link in a file's place. `refuse`: it counts as `special`; Windows follows it even so. */
export type Links = 'follow' | 'refuse';

/** A whole regular file as it was at one moment. Never waits for the other end of a pipe, never reads more than `limit` bytes. */
export async function readSteadily(path: string, limit: number, links: Links = 'follow'): Promise<FileRead> {
  try {
    // Without O_NONBLOCK, opening a named pipe that nobody writes to never returns.
    const nofollow = links === 'refuse' ? flag('O_NOFOLLOW') : 0;
    const handle = await open(path, constants.O_RDONLY | flag('O_NONBLOCK') | nofollow);
    return await readOpened(handle, limit).finally(() => handle.close());
  } catch (cause) {
    return { kind: troubles[codeOf(cause)] ?? 'failed', cause };
  }
}

/** Changes whenever the file does, or another takes its place; null if it cannot be looked at. */
export async function stampOf(path: string): Promise<string | null> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return null;
  }
}

export interface Replacement {
  /** To be in a folder that exists; not a symbolic link. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** What the new file keeps of the old one; null makes a file that only its owner can read. */
  readonly owner: FileOwner | null;
  /** Asked at the last moment, without a pause before the exchange. False gives up. */
  readonly stillWanted: () => boolean;
}

/**
 * Puts a file in place of another, or of none: whoever looks, also after a crash, sees the old file or the new one, never a part.
 * False if it was no longer wanted. Throws Node's error; then nothing has changed. Callers hold a lock: the remains of writers that were
 * killed are removed, since they hold what was to be written.
 */
export async function replaceFile({ path, bytes, owner, stillWanted }: Replacement): Promise<boolean> {
  await removeRemains(path);
  const staged = `${path}${stagedInfix}${randomBytes(12).toString('hex')}`;
  try {
    await stage(staged, bytes, owner);
    if (!stillWanted()) return false;
    renameSync(staged, path);
  } finally {
    await unlink(staged).catch(() => undefined);
  }
  await syncFolder(dirname(path));
  return true;
}

/** The `code` of an error of Node's; empty if it has none. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

const stagedInfix = '.agent-vault-';
const readsUntilSteady = 3;
const troubles: Partial<Record<string, FileTrouble>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EACCES: 'denied',
  EPERM: 'denied',
  EISDIR: 'folder',
  ELOOP: 'special',
  ENXIO: 'special',
  EOPNOTSUPP: 'special',
};

async function readOpened(handle: FileHandle, limit: number): Promise<FileRead> {
  for (let reads = 0; reads < readsUntilSteady; reads += 1) {
    const before = await handle.stat({ bigint: true });
    if (before.isDirectory()) return { kind: 'folder' };
    if (!before.isFile()) return { kind: 'special' };
    if (before.size > limit) return { kind: 'too large' };
    const bytes = await readAll(handle, Number(before.size));
    const after = await handle.stat({ bigint: true });
    if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) continue;
    const owner = { mode: Number(after.mode) & 0o777, uid: Number(after.uid), gid: Number(after.gid) };
    return { kind: 'file', bytes, owner };
  }
  return { kind: 'unsteady' };
}

async function readAll(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A new file that nobody can have put there or linked elsewhere, and that only we can read until it is complete. */
async function stage(path: string, bytes: Uint8Array, owner: FileOwner | null): Promise<void> {
  const handle = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | flag('O_NOFOLLOW'),
    0o600,
  );
  try {
    await handle.writeFile(bytes);
    if (owner !== null) await handOver(handle, owner);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Changing the owner clears bits of the mode, so it goes first. */
async function handOver(handle: FileHandle, owner: FileOwner): Promise<void> {
  const { uid, gid } = await handle.stat();
  if (uid !== owner.uid || gid !== owner.gid) await handle.chown(owner.uid, owner.gid);
  await handle.chmod(owner.mode);
}

async function removeRemains(path: string): Promise<void> {
  const folder = dirname(path);
  const beginning = `${basename(path)}${stagedInfix}`;
  const remains = (await readdir(folder)).filter((name) => name.startsWith(beginning));
  await Promise.all(remains.map((name) => unlink(join(folder, name)).catch(() => undefined)));
}

/** Makes the exchange last through a power cut. The new file is in place by now, so a folder that cannot be synced fails nothing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Windows knows neither flag. */
function flag(name: 'O_NONBLOCK' | 'O_NOFOLLOW'): number {
  const flags: Partial<Record<string, number>> = constants;
  return flags[name] ?? 0;
}
