import type { Database } from '../store/database.ts';
import { schema } from '../store/schema.ts';

export interface Pruned {
  readonly rows: number;
  readonly decisions: number;
}

type Busily = <Result>(work: () => Result) => Promise<Result>;

/**
 * Removes the rows up to one, and their decisions, a little at a time: servers wait for it. What is cut off half-way can be gone on with.
 * @param busily runs a transaction, again if the database is busy
 */
export async function removeRows(database: Database, upTo: number, busily: Busily): Promise<Pruned> {
  const removed = { rows: 0, decisions: 0 };
  for (;;) {
    const { rows, decisions } = await busily(() => removeSome(database, upTo));
    removed.rows += rows;
    removed.decisions += decisions;
    if (rows === 0) return removed;
  }
}

/**
 * Removes the events about the rows up to one, which say what these said: those that were delivered or given up, and those that wait since
 * before `orphaned`. @param orphaned wall clock, milliseconds
 */
export function removeEvents(database: Database, upTo: number, orphaned: number): void {
  database
    .prepare(`DELETE FROM outbox WHERE seq <= ? AND (state IN ('delivered', 'dead') OR created_at <= ?)`)
    .run(upTo, orphaned);
}

/** Rows in one transaction. */
const chunk = 2_000;

function removeSome(database: Database, upTo: number): Pruned {
  const first = database.prepare<[], number | null>('SELECT min(id) FROM audit').pluck().get() ?? Infinity;
  if (first > upTo) return { rows: 0, decisions: 0 };
  const last = Math.min(upTo, first + chunk - 1);
  return database
    .transaction(() => {
      for (const name of guards) database.exec(`DROP TRIGGER ${name}`);
      const decisions = database.prepare(
        `DELETE FROM decisions WHERE request_id IN (SELECT request_id FROM audit WHERE id <= ? AND ${decided})
         AND request_id NOT IN (SELECT request_id FROM audit WHERE id > ? AND id <= ? AND ${decided})`,
      );
      // The rows of one decision stand together; it goes with the last of them.
      const gone = decisions.run(last, last, last + chunk).changes;
      const { changes } = database.prepare('DELETE FROM audit WHERE id <= ?').run(last);
      for (const name of guards) database.exec(schema.get(name) ?? '');
      return { rows: changes, decisions: gone };
    })
    .immediate();
}

const decided = `request_id IS NOT NULL AND action IN ('approved', 'denied', 'paired', 'unpaired')`;
const guards = ['audit_no_delete', 'decisions_no_delete'];
