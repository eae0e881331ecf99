import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { oneLine, shortened } from '../core/text.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { Log } from '../core/ports.ts';
import { VaultError } from '../core/errors.ts';
import { codeOf } from '../platform/files.ts';

/** An env file as the config names it. */
export interface EnvFile {
  /** As configured, harmless, for messages. */
  readonly shown: string;
  readonly path: string;
  /** The folder of the config. */
  readonly folder: string;
  readonly log: Log;
}

export function envFileAt(file: string, { folder, log }: PluginContext): EnvFile {
  return { shown: oneLine(shortened(file, 200)), path: resolve(folder, file), folder: resolve(folder), log };
}

/** Where the file really is. `strays`: a symbolic link leads out of the config's folder, which whoever writes the folder can plant. */
export interface RealPlace {
  readonly path: string;
  readonly strays: boolean;
}

/** Also for a file that does not exist yet. Throws `vault_unavailable` if its folder does not exist. */
export async function realPlace(file: EnvFile): Promise<RealPlace> {
  try {
    const isLink = (await lstat(file.path).catch(nullIfMissing))?.isSymbolicLink();
    const path =
      isLink === undefined ? join(await realpath(dirname(file.path)), basename(file.path)) : await realpath(file.path);
    const leaves = !isInside(await realpath(file.folder), path);
    return { path, strays: leaves && (isLink === true || isInside(file.folder, file.path)) };
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT')
      throw new VaultError('vault_unavailable', `the env file ${file.shown} cannot be reached`, { cause });
    throw new VaultError(
      'vault_unavailable',
      `the env file ${file.shown} is in a folder, or linked to a file, that does not exist`,
      {
        hint: 'create the folder, or correct "file" in the config',
        cause,
      },
    );
  }
}

function nullIfMissing(thrown: unknown): null {
  if (codeOf(thrown) === 'ENOENT') return null;
  throw thrown;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
