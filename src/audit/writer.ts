import type { CommittedRow, DecisionRecord } from '../core/audit-row.ts';
import type { Database } from '../store/database.ts';
import type { Cell } from './chain.ts';
import { columns, genesis, rowHash } from './chain.ts';
import type { Entry, PreparedRow } from './entry.ts';

/** The last row of a chain. */
export interface Tail {
  readonly id: number;
  readonly hash: string;
}

export interface Added {
  /** Of each entry, as they will stand in the log. */
  readonly rows: readonly (readonly CommittedRow[])[];
  readonly tail: Tail;
}

/** Adds entries to the chain; the caller holds the write transaction. */
export function createWriter(database: Database): (entries: readonly Entry[]) => Added {
  const readTail = tailReader(database);
  const insertRow = rowInserter(database);
  const insertDecision = decisionInserter(database);
  return (entries) => {
    let tail = readTail();
    const added = entries.map(({ rows, decision, unless }) => {
      if (unless?.(database) === true) return [];
      if (decision !== null) insertDecision(decision);
      return rows.map((row) => {
        const committed = insertRow(row, tail);
        tail = { id: committed.seq, hash: committed.hash };
        return committed;
      });
    });
    return { rows: added, tail };
  };
}

function tailReader(database: Database): () => Tail {
  const last = database.prepare('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1');
  return () => {
    const row = last.get();
    if (row === undefined) return { id: 0, hash: genesis };
    if (!isTail(row)) throw new TypeError('the last row of the audit log is not one of ours');
    return row;
  };
}

function isTail(row: unknown): row is Tail {
  if (typeof row !== 'object' || row === null || !('id' in row) || !('hash' in row)) return false;
  return Number.isSafeInteger(row.id) && typeof row.hash === 'string' && /^[0-9a-f]{64}$/u.test(row.hash);
}

function rowInserter(database: Database): (row: PreparedRow, tail: Tail) => CommittedRow {
  const names = ['id', ...columns, 'prev_hash', 'hash'];
  const insert = database.prepare<(Cell | number)[]>(
    `INSERT INTO audit (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  return ({ row, cells }, tail) => {
    const seq = tail.id + 1;
    const hash = rowHash(seq, cells, tail.hash);
    insert.run(seq, ...cells, tail.hash, hash);
    return { ...row, seq, hash };
  };
}

function decisionInserter(database: Database): (decision: DecisionRecord) => void {
  const insert = database.prepare<Cell[]>('INSERT INTO decisions (request_id, body, assertion) VALUES (?, ?, ?)');
  return ({ requestId, body, assertion }) => void insert.run(requestId, body, assertion);
}
