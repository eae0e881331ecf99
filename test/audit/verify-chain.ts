import { columns, genesis, isCell, rowHash } from '../../src/audit/chain.ts';

export type ChainResult =
  | { readonly ok: true; readonly count: number; readonly head: string }
  | { readonly ok: false; readonly row: number; readonly problem: 'cell' | 'id' | 'link' | 'hash' };

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
