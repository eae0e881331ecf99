import { constants } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Whether this user can change what is found under a path, now or after changing permissions: by writing it, or by putting another
 * in its place or in that of a folder above. Where nothing is, the folders above count; a link counts as does what it leads to.
 */
export async function isChangeable(path: string): Promise<boolean> {
  const real = await realpath(path).catch(() => path);
  const steps = new Set([...stepsTo(path), ...stepsTo(real)]);
  const open = await Promise.all([...steps].map(isOpen));
  return open.includes(true);
}

/** The path and every folder above it. */
function stepsTo(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...stepsTo(above)];
}

const sticky = 0o1000;

/** In a sticky folder (/tmp), only the owner of a thing can replace it. An owner can change the permissions. */
async function isOpen(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (found.uid === process.geteuid?.()) return true;
    if (found.isSymbolicLink() || (found.mode & sticky) !== 0) return false;
    await access(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
