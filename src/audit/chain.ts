import { hash } from 'node:crypto';

/** Stands before the first row. */
export const genesis = '0'.repeat(64);

/** What a hash covers, in the order of the table's columns; `id` comes before these and `prev_hash` after them. */
export const columns = [
  'timestamp',
  'secret_name',
  'reason',
  'action',
  'scope',
  'ttl_expires_at',
  'vault',
  'operation',
  'request_id',
  'session',
  'agent',
  'approver',
  'factor',
  'detail',
] as const;

export type Cell = string | null;

export type ChainResult =
  | { readonly ok: true; readonly count: number; readonly head: string }
  | { readonly ok: false; readonly row: number; readonly problem: 'cell' | 'id' | 'link' | 'hash' };

/**
 * SHA-256 in hex of the RFC 8785 array of id, the cells in the order of `columns`, and the previous row's hash. For whole numbers, null and
 * well-formed texts, `JSON.stringify` writes what the RFC asks for, several times faster than `canonical`.
 */
export function rowHash(id: number, cells: readonly Cell[], previous: string): string {
  return hash('sha256', JSON.stringify([id, ...cells, previous]));
}

/**
 * Reads a whole log from its first row and stops at the first bad one; `row` counts from 1 and is the id it should have.
 * `cell`: not text where text belongs. `id`: a gap. `link`: not the hash of the row before. `hash`: not its own.
 * A log whose last rows were cut off is a good log: only a copy of `head` kept elsewhere shows that.
 * @param rows by ascending id, as `SELECT * FROM audit ORDER BY id` gives them
 */
export function verifyChain(rows: Iterable<Readonly<Record<string, unknown>>>): ChainResult {
  let head = genesis;
  let count = 0;
  for (const row of rows) {
    const problem = problemOf(row, count + 1, head);
    if (problem !== null) return { ok: false, row: count + 1, problem };
    head = String(row['hash']);
    count += 1;
  }
  return { ok: true, count, head };
}

function problemOf(
  row: Readonly<Record<string, unknown>>,
  id: number,
  head: string,
): 'cell' | 'id' | 'link' | 'hash' | null {
  const cells = columns.map((column) => row[column]);
  if (!cells.every(isCell)) return 'cell';
  if (row['id'] !== id) return 'id';
  if (row['prev_hash'] !== head) return 'link';
  return row['hash'] === rowHash(id, cells, head) ? null : 'hash';
}

/** Whether a column holds what can be hashed. */
export function isCell(value: unknown): value is Cell {
  return value === null || (typeof value === 'string' && value.isWellFormed());
}
