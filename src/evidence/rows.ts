import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../store/database.ts';
import type { Filter } from './filter.ts';
import { conditionOf } from './filter.ts';
import { withLog } from './log-file.ts';
import type { StoredRow } from './stored-row.ts';
import { storedRow } from './stored-row.ts';

/** The newest rows that fit, oldest first. Rejects with `audit_unavailable`. */
export function newestRows(file: string, filter: Filter, limit: number): Promise<readonly StoredRow[]> {
  return withLog(file, (database) => {
    const { sql, values } = conditionOf(filter);
    const rows = database.prepare<(string | number)[], Record<string, unknown>>(
      `SELECT * FROM audit WHERE ${sql} ORDER BY id DESC LIMIT ?`,
    );
    return rows
      .all(...values, limit)
      .reverse()
      .map(storedRow);
  });
}

/** The rows that fit, as they are committed after the row `last`, without end. Rejects as `newestRows` does. */
export async function* followRows(file: string, last: number, filter: Filter): AsyncGenerator<readonly StoredRow[]> {
  for (let seen = last; ;) {
    const from = seen;
    const { rows, head } = await withLog(file, (database) => rowsAfter(database, from, filter));
    seen = head;
    if (rows.length > 0) yield rows;
    else await sleep(pauseMs);
  }
}

/** The id of the last row; 0 if there is none. */
export function headOf(file: string): Promise<number> {
  return withLog(file, (database) => Number(database.prepare('SELECT max(id) FROM audit').pluck().get() ?? 0));
}

/** Milliseconds between two looks. */
const pauseMs = 250;
const pageRows = 1_000;

function rowsAfter(database: Database, last: number, filter: Filter): { rows: StoredRow[]; head: number } {
  const { sql, values } = conditionOf(filter);
  const rows = database
    .prepare<(string | number)[], Record<string, unknown>>(
      `SELECT * FROM audit WHERE id > ? AND ${sql} ORDER BY id LIMIT ${pageRows}`,
    )
    .all(last, ...values)
    .map(storedRow);
  const end = database.prepare<[], number>('SELECT max(id) FROM audit').pluck().get() ?? 0;
  const head = rows.length === pageRows ? (rows.at(-1)?.id ?? last) : Math.max(last, end);
  return { rows, head };
}
