import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { VaultError, asVaultError } from '../core/errors.ts';
import type { ProviderCall } from '../core/ports.ts';
import type { PlannedWrite } from '../core/request.ts';
import { oneLine } from '../core/text.ts';
import { lockFile } from '../platform/file-lock.ts';
import type { FileLock } from '../platform/file-lock.ts';
import { codeOf, replaceFile } from '../platform/files.ts';
import { currentEnv, editedBytes, effectOf, refuseUnholdable, writablePath } from './env-file-change.ts';
import type { CurrentEnv } from './env-file-change.ts';
import type { EnvFile } from './env-file-place.ts';
import type { EnvText } from './env-file-read.ts';

/**
 * Writes all values at once, or none. Writers that know the lock wait for each other; a change by anybody else, up to the moment before
 * the exchange, makes us start again from the new text.
 */
export async function exchangeEnvFile(
  file: EnvFile,
  writes: readonly PlannedWrite[],
  call: ProviderCall,
): Promise<void> {
  refuseUnholdable(writes);
  const path = await writablePath(file);
  const lock = await lockFor(file, path, call.signal);
  try {
    await exchangeWhileHeld(file, { path, lock, writes });
  } catch (thrown) {
    throw failureOf(file, thrown);
  } finally {
    lock.release();
  }
}

interface Exchange {
  readonly path: string;
  readonly lock: FileLock;
  readonly writes: readonly PlannedWrite[];
}

const attempts = 5;

async function exchangeWhileHeld(file: EnvFile, { path, lock, writes }: Exchange): Promise<void> {
  for (let attempt = 0; attempt < attempts && lock.isHeld(); attempt += 1) {
    const current = await currentEnv(file, path);
    refuseChanged(file, current, writes);
    const bytes = editedBytes(file, current, writes);
    const stillWanted = (): boolean => lock.isHeld() && isAsBefore(file, path, current.before);
    if (await replaceFile({ path, bytes, owner: current.before?.owner ?? null, stillWanted })) return;
  }
  throw new VaultError(
    'provider_unavailable',
    `the env file ${file.shown} kept changing while it was written; nothing was written`,
  );
}

function refuseChanged(file: EnvFile, current: CurrentEnv, writes: readonly PlannedWrite[]): void {
  const changed = writes.find(({ name, effect }) => effectOf(name, current) !== effect);
  if (changed === undefined) return;
  const now = changed.effect === 'create' ? 'has been created' : 'has been removed';
  throw new VaultError(
    'secret_changed',
    `${changed.name} ${now} in the env file ${file.shown} meanwhile; nothing was written`,
  );
}

/** No pause may come between this and the exchange. */
function isAsBefore(file: EnvFile, path: string, before: EnvText | null): boolean {
  try {
    if (before === null) return lstatSync(file.path, { throwIfNoEntry: false }) === undefined;
    return realpathSync(file.path) === path && readFileSync(path).equals(before.bytes);
  } catch {
    return false;
  }
}

async function lockFor(file: EnvFile, path: string, signal: AbortSignal): Promise<FileLock> {
  const lock = await lockFile(`${path}.lock`, { signal }).catch((thrown: unknown) => {
    throw failureOf(file, thrown);
  });
  if (lock !== null) return lock;
  throw new VaultError(
    'provider_unavailable',
    `the env file ${file.shown} is being written by another process; nothing was written`,
    {
      hint: `if no other process writes it, delete ${oneLine(basename(path))}.lock beside it`,
    },
  );
}

function failureOf(file: EnvFile, thrown: unknown): VaultError {
  const code = codeOf(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new VaultError(
      'provider_unavailable',
      `there is no space to write the env file ${file.shown}; nothing was written`,
      { cause: thrown },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new VaultError(
      'provider_refused',
      `the env file ${file.shown} or its folder may not be written; nothing was written`,
      {
        hint: 'the file must belong to the user that runs agent-vault',
        cause: thrown,
      },
    );
  }
  return asVaultError(
    thrown,
    'provider_unavailable',
    `the env file ${file.shown} could not be written; nothing was written`,
  );
}
