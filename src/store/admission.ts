import type { Stats } from 'node:fs';
import { lstatSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { VaultError } from '../core/errors.ts';
import { errorCode } from './busy.ts';
import { contentsOf } from './contents.ts';
import type { Contents } from './contents.ts';
import { lookInto } from './look.ts';
import { companionsOf, createPrivate, journalOf } from './private-file.ts';

/** Where a database is. */
export interface DatabasePlace {
  /** Absolute. */
  readonly path: string;
  /** Whether a symbolic link there is followed: only in a place that somebody chose on purpose. */
  readonly followLinks: boolean;
}

/**
 * Makes the file if there is none; otherwise makes sure, before anything of it is changed, that it is a log of ours, one of the proof of
 * concept, or empty. A working directory can come with a cloned repository, and what is called like our database there can lead to
 * any file of the user. Throws `audit_unavailable`, or what the file system and SQLite say (`SQLITE_BUSY` is worth another try); then the
 * file is as it was, its mode and journal mode included.
 */
export async function admit({ path, followLinks }: DatabasePlace): Promise<void> {
  if (!followLinks && isLink(path)) throw refused('it is a symbolic link, which is not followed there');
  const before = statOf(path);
  if (before === undefined) createPrivate(path);
  else if (!before.isFile()) throw refused('it is not a regular file');
  checkCompanions(path);
  if (before === undefined) return;
  // SQLite takes a file of one byte for an empty one.
  if (before.size === 1) throw refused('it is not a database');
  const contents = await contentsIn(path);
  if (contents === 'foreign') throw foreign();
  if (contents !== 'ours' && before.nlink > 1) throw refused('it is a hard link to a file with another name');
}

export function foreign(): VaultError {
  return refused('it is a database of another program');
}

async function contentsIn(path: string): Promise<Contents> {
  try {
    return await lookInto(path, contentsOf);
  } catch (error) {
    if (errorCode(error) === 'SQLITE_READONLY_ROLLBACK')
      throw refused('another program was stopped while it changed it', error);
    throw error;
  }
}

/** SQLite writes to these as it does to the database, and would follow a link. */
function checkCompanions(path: string): void {
  for (const companion of [...companionsOf(path), journalOf(path)]) {
    const found = lstatSync(companion, { throwIfNoEntry: false });
    if (found !== undefined && (!found.isFile() || found.nlink > 1))
      throw refused(`${basename(companion)} beside it is a link, or no regular file`);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function refused(why: string, cause?: unknown): VaultError {
  return new VaultError('audit_unavailable', `${why}; it was left as it is`, {
    hint: 'set audit.file, or AGENT_VAULT_DB, to a file that is for this log alone; or move this one away',
    cause,
  });
}
