import { existsSync } from 'node:fs';
import type { Database } from './database.ts';
import { busyTimeout } from './database.ts';
import { companionsOf, journalOf } from './private-file.ts';

/**
 * Looks into a file that may be another program's, and leaves nothing changed: no byte, no file beside it. Throws SQLite's errors
 * (`SQLITE_NOTADB`; `SQLITE_READONLY_ROLLBACK` where a change was cut off half-way and would have to be undone first).
 */
export async function lookInto<Result>(file: string, look: (database: Database) => Result): Promise<Result> {
  const { default: Constructor } = await import('better-sqlite3');
  // A reader leaves an empty write-ahead log behind where there was none; a writer takes it away, but moves a full one into the file.
  const [log = ''] = companionsOf(file);
  const readonly = existsSync(log) || existsSync(journalOf(file));
  const database = new Constructor(file, { readonly, timeout: busyTimeout, fileMustExist: true });
  try {
    database.pragma('trusted_schema = OFF');
    // In one transaction, or another process could make its tables between two looks.
    return database.transaction(() => look(database))();
  } finally {
    database.close();
  }
}
