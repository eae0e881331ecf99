import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { codeOf } from './files.ts';

export interface StateOptions {
  /** Read for `AGENT_VAULT_STATE`, another folder than the account's own; a relative one counts from the working directory. */
  readonly env?: NodeJS.ProcessEnv;
  /** Of the account. Not `$HOME`: a project's MCP config can set the environment, and must not move this folder. */
  readonly home?: string;
  /** Is told when `AGENT_VAULT_STATE` is not followed. */
  readonly log?: Log;
}

/** Paired approvers and the user's limits: whoever sets the environment must not get past these. */
const bindingFiles = ['approvers.json', 'limits.json'];

/**
 * The folder for what belongs to the user and not to a project: `~/.agent-vault`, made on first use, mode 0700; or the one that
 * `AGENT_VAULT_STATE` names, as long as nobody was ever paired in the account's own, nor limits were set there: then these hold, and
 * whoever can set the environment must not choose others. Throws `config_invalid` where it cannot be had.
 */
export function stateDirectory(options: StateOptions = {}): string {
  return usable(statePlace(options));
}

export interface StatePlace {
  readonly folder: string;
  /** What becomes of a folder that others can enter. One that the environment names may be theirs as well: "/tmp". */
  readonly open: 'close' | 'refuse';
}

/** Where that folder is, or would be. Makes and changes nothing. */
export function statePlace({ env = process.env, home = accountHome(), log }: StateOptions = {}): StatePlace {
  const own: StatePlace = { folder: join(home, '.agent-vault'), open: 'close' };
  const named = env['AGENT_VAULT_STATE'] ?? '';
  if (named === '') return own;
  if (!isBinding(own.folder)) return { folder: resolve(named), open: 'refuse' };
  log?.once(
    'AGENT_VAULT_STATE is not followed: this account has its approvers or limits in ~/.agent-vault',
    'take AGENT_VAULT_STATE out of the environment, or run as another user',
  );
  return own;
}

/** Whether a process that follows `AGENT_VAULT_STATE` must not do so any more. @param folder where `stateDirectory` led it */
export function isOvertaken(folder: string, options: StateOptions = {}): boolean {
  return statePlace(options).folder !== folder;
}

function accountHome(): string {
  try {
    return userInfo().homedir;
  } catch (cause) {
    throw unusable('this account has no home folder', '~/.agent-vault', cause);
  }
}

/** Whatever cannot be looked at is there. */
function isBinding(folder: string): boolean {
  return bindingFiles.some((name) => {
    try {
      lstatSync(join(folder, name));
      return true;
    } catch (thrown) {
      return !['ENOENT', 'ENOTDIR'].includes(codeOf(thrown));
    }
  });
}

function usable({ folder, open }: StatePlace): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (process.geteuid !== undefined) keepPrivate(folder, open);
    return folder;
  } catch (cause) {
    throw unusable('the state folder cannot be used', open === 'close' ? '~/.agent-vault' : 'AGENT_VAULT_STATE', cause);
  }
}

function keepPrivate(folder: string, open: StatePlace['open']): void {
  const { mode, uid } = statSync(folder);
  if (uid !== process.geteuid?.()) throw new Error('it belongs to another user');
  if (open === 'close' && (mode & 0o077) !== 0) chmodSync(folder, 0o700);
  if (open === 'refuse' && (mode & 0o022) !== 0) throw new Error('others can write it');
}

function unusable(message: string, folder: string, cause: unknown): VaultError {
  return new VaultError('config_invalid', message, { hint: `make ${folder} a folder that only you can write`, cause });
}
