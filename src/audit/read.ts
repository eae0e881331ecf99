import { openReadOnly } from '../store/read-only.ts';

/** The last rows of a log, oldest first, with the columns of the table. Throws SQLite's errors. */
export async function readAudit(file: string, limit = 100): Promise<Record<string, unknown>[]> {
  const database = await openReadOnly(file);
  try {
    const rows = database
      .prepare<[number], Record<string, unknown>>('SELECT * FROM audit ORDER BY id DESC LIMIT ?')
      .all(limit);
    return rows.reverse();
  } finally {
    database.close();
  }
}
