import { hashedColumns } from '../core/audit-row.ts';
import { hash } from 'node:crypto';

/** Stands before the first row. */
export const genesis = '0'.repeat(64);

/** What a hash covers, in the order of the table's columns; `id` comes before these and `prev_hash` after them. */
export const columns = hashedColumns;

export type Cell = string | null;

/**
 * SHA-256 in hex of the RFC 8785 array of id, the cells in the order of `columns`, and the previous row's hash. For whole numbers, null and
 * well-formed texts, `JSON.stringify` writes what the RFC asks for, several times faster than `canonical`.
 */
export function rowHash(id: number, cells: readonly Cell[], previous: string): string {
  return hash('sha256', JSON.stringify([id, ...cells, previous]));
}

/** Whether a column holds what can be hashed. */
export function isCell(value: unknown): value is Cell {
  return value === null || (typeof value === 'string' && value.isWellFormed());
}
