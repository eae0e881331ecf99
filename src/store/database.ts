import type Sqlite from 'better-sqlite3';
import { makePrivate } from './private-file.ts';

export type Database = Sqlite.Database;

/** Milliseconds SQLite itself waits for a lock. It waits synchronously, so this is how long the whole process may stand still. */
export const busyTimeout = 20;

/**
 * Opens a database so that what it commits is on disk: WAL and `synchronous=FULL`, read back, on every open (SQLite as
 * built here falls back to NORMAL whenever a WAL file is opened again, which loses commits in a power cut).
 * The caller has seen to it (`admit`) that the file may be changed.
 * Throws SQLite's and the file system's errors; `SQLITE_BUSY` is worth another try.
 */
export async function openDatabase(file: string): Promise<Database> {
  const { default: Constructor } = await import('better-sqlite3');
  makePrivate(file);
  const database = new Constructor(file, { timeout: busyTimeout, fileMustExist: true });
  try {
    settle(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function settle(database: Database): void {
  database.pragma('trusted_schema = OFF');
  database.pragma('recursive_triggers = ON');
  // Without these, macOS calls a write done while it is still in the drive's cache.
  database.pragma('fullfsync = ON');
  database.pragma('checkpoint_fullfsync = ON');
  // After a crash, the journal of this first change would look like another program's unfinished work.
  if (database.pragma('page_count', { simple: true }) === 0) database.pragma('journal_mode = MEMORY');
  const journal = database.pragma('journal_mode = WAL', { simple: true });
  database.pragma('synchronous = FULL');
  const synchronous = database.pragma('synchronous', { simple: true });
  if (journal !== 'wal' || synchronous !== 2)
    throw new Error('this file system cannot hold a database with a write-ahead log');
}
