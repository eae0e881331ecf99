import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { VaultError } from '../core/errors.ts';

/**
 * The folder for what belongs to the user and not to a project: `~/.agent-vault`, made on first use, mode 0700.
 * Throws `config_invalid` where it cannot be had.
 * @param home of the account. Not `$HOME`: a project's MCP config can set the environment, and must not move this folder.
 */
export function stateDirectory(home: string = accountHome()): string {
  const folder = join(home, '.agent-vault');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    keepPrivate(folder);
    return folder;
  } catch (cause) {
    throw unusable('the state folder cannot be used', cause);
  }
}

function accountHome(): string {
  try {
    return userInfo().homedir;
  } catch (cause) {
    throw unusable('this account has no home folder', cause);
  }
}

function keepPrivate(folder: string): void {
  const { mode, uid } = statSync(folder);
  if (process.geteuid !== undefined && uid !== process.geteuid()) throw new Error('it belongs to another user');
  if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

function unusable(message: string, cause: unknown): VaultError {
  return new VaultError('config_invalid', message, {
    hint: 'make ~/.agent-vault a folder that only you can write',
    cause,
  });
}
