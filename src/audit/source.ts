import type { Database } from '../store/database.ts';
import { columns } from './chain.ts';
import type { CheckpointRecord, DecisionRecord, LogRecord } from './records.ts';

/** The names of a row's cells, in order. */
export const rowColumns: readonly string[] = ['id', ...columns, 'prev_hash', 'hash'];

/** Somebody may have put rows before the first. */
const lowest = -(2 ** 63);

/** So many rows are read at a time. */
const pageRows = 1_000;

/** All of a log, in the order in which it is checked. Reads by the tables themselves and not by an index, which may say something else. */
export function* recordsOf(database: Database): Generator<readonly LogRecord[]> {
  const rowsAfter = database
    .prepare<[number], unknown[]>(
      `SELECT ${rowColumns.join(', ')} FROM audit WHERE id > ? ORDER BY id LIMIT ${pageRows}`,
    )
    .raw();
  const decisions = decisionReader(database);
  const checkpoints = checkpointReader(database);
  for (let last = lowest, isFirst = true; Number.isSafeInteger(last) || isFirst; isFirst = false) {
    const rows = rowsAfter.all(last);
    if (rows.length === 0) break;
    const page: LogRecord[] = isFirst ? [...checkpoints.upTo(Number(rows[0]?.[0]) - 1)] : [];
    for (const cells of rows) {
      last = Number(cells[0]);
      page.push(...decisions.before(cells), { kind: 'row', cells }, ...checkpoints.upTo(last));
    }
    yield page;
  }
  yield [...checkpoints.upTo(Infinity), ...decisions.left()];
}

interface Decisions {
  before(cells: readonly unknown[]): readonly DecisionRecord[];
  /** Those that belong to no row. */
  left(): readonly DecisionRecord[];
}

const [request, action, detail] = ['request_id', 'action', 'detail'].map((name) => rowColumns.indexOf(name));
/** Of the rows that come from a decision. */
const decided = new Set<unknown>(['approved', 'denied', 'paired', 'unpaired']);

function decisionReader(database: Database): Decisions {
  const names = 'request_id, body, assertion';
  const find = database.prepare<[string], Omit<DecisionRecord, 'kind'>>(
    `SELECT ${names} FROM decisions WHERE request_id = ?`,
  );
  const count = database.prepare<[], number>('SELECT count(*) FROM decisions NOT INDEXED').pluck();
  const strays = database.prepare<[], Omit<DecisionRecord, 'kind'>>(
    `SELECT ${names} FROM decisions AS d WHERE NOT EXISTS (SELECT 1 FROM audit AS a WHERE a.request_id = d.request_id
     AND a.action IN ('approved', 'denied', 'paired', 'unpaired')) LIMIT 10`,
  );
  let found = 0;
  let current: unknown = null;
  return {
    before(cells) {
      const id = cells[request ?? 0];
      if (typeof id !== 'string' || id === current || !decided.has(cells[action ?? 0])) return [];
      if (!String(cells[detail ?? 0]).includes('"decision"')) return [];
      current = id;
      const decision = find.get(id);
      if (decision === undefined) return [];
      found += 1;
      return [{ kind: 'decision', ...decision }];
    },
    left: () => (count.get() === found ? [] : strays.all().map((decision) => ({ kind: 'decision', ...decision }))),
  };
}

function checkpointReader(database: Database): { upTo(size: number): Generator<CheckpointRecord> } {
  const exists = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'`).get() !== undefined;
  const after = exists
    ? database.prepare<[number], Omit<CheckpointRecord, 'kind'>>(
        'SELECT size, timestamp, head, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT 1',
      )
    : null;
  let next = after?.get(lowest);
  return {
    *upTo(size) {
      while (next !== undefined && next.size <= size) {
        yield { kind: 'checkpoint', ...next };
        next = Number.isSafeInteger(next.size) ? after?.get(next.size) : undefined;
      }
    },
  };
}
