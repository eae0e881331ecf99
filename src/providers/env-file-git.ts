import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * Whether git tracks the file, by its index. Running git instead would run what the repository's own config names (`core.fsmonitor`).
 * Not found: indexes of version 4, which git writes only on demand.
 */
export async function isTrackedByGit(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const index = await readIndex(join(folder, '.git'));
    if (index !== null) return holds(index, relative(folder, path).split(sep).join('/'));
    if (folder === dirname(folder)) return false;
  }
}

/** Null if there is no repository here. In a worktree or submodule `.git` is a file that names the folder. */
async function readIndex(git: string): Promise<Buffer | null> {
  const pointer = await readFile(git, 'utf8').catch(() => '');
  const folder = /^gitdir: (.+)$/mu.exec(pointer)?.[1] ?? '.';
  return readFile(join(resolve(pointer === '' ? git : dirname(git), folder), 'index')).catch(() => null);
}

/** An entry is flags, of which the lower 12 bits are the length of the path, then the path and NUL (gitformat-index, version 2 and 3). */
function holds(index: Buffer, path: string): boolean {
  const wanted = Buffer.from(`${path}\0`);
  const length = Math.min(wanted.length - 1, 0xfff);
  for (let at = index.indexOf(wanted, 12); at !== -1; at = index.indexOf(wanted, at + 1)) {
    const flags = index.readUInt16BE(at - 2);
    const flagsBeforeExtension = index.readUInt16BE(at - 4);
    if ((flags & 0xfff) === length || (flagsBeforeExtension & 0x4fff) === (0x4000 | length)) return true;
  }
  return false;
}
