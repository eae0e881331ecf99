import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { errorCode } from './busy.ts';
import type { Database } from './database.ts';
import { busyTimeout } from './database.ts';
import { companionsOf, journalOf } from './private-file.ts';

/** A database as it was at one moment, however long one looks at it and whoever writes meanwhile. */
export interface Snapshot {
  readonly database: Database;
  close(): void;
}

/**
 * Changes nothing of the file and leaves nothing beside it. Where SQLite cannot work beside it (a read-only folder), a copy in the
 * temporary folder is looked at. Throws SQLite's and the file system's errors.
 */
export async function openSnapshot(file: string): Promise<Snapshot> {
  try {
    return await open(file, () => undefined);
  } catch (error) {
    if (!/^SQLITE_(READONLY|CANTOPEN)/u.test(errorCode(error) ?? '') || !isFile(file)) throw error;
  }
  const folder = mkdtempSync(join(tmpdir(), 'agent-vault-copy-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    return await open(copied(file, folder), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

async function open(file: string, then: () => void): Promise<Snapshot> {
  const { default: Constructor } = await import('better-sqlite3');
  const [log = ''] = existsSync(file) ? companionsOf(file) : [];
  // As in lookInto: a reader leaves an empty write-ahead log behind where there was none; a writer takes it away.
  const readonly = existsSync(log) || (log !== '' && existsSync(journalOf(file)));
  const database = new Constructor(file, { readonly, timeout: busyTimeout, fileMustExist: true });
  try {
    database.pragma('trusted_schema = OFF');
    database.exec('BEGIN');
    // The moment is that of the first look.
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    database,
    close() {
      if (database.inTransaction) database.exec('ROLLBACK');
      database.close();
      then();
    },
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function copied(file: string, folder: string): string {
  const copy = join(folder, basename(file));
  copyFileSync(file, copy);
  const [log = ''] = companionsOf(file);
  if (existsSync(log)) copyFileSync(log, `${copy}-wal`);
  return copy;
}
