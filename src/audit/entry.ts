import type { AuditRow, DecisionRecord } from '../core/audit-row.ts';
import { canonical, sha256 } from '../core/canonical.ts';
import type { Database } from '../store/database.ts';
import type { Cell } from './chain.ts';

/** A row with its cells in the order of `columns`: all that the table holds but id and hashes. */
export interface PreparedRow {
  readonly row: AuditRow;
  readonly cells: readonly Cell[];
}

/** One call of `append`, ready to be written. */
export interface Entry {
  readonly rows: readonly PreparedRow[];
  readonly decision: DecisionRecord | null;
  /** Asked within the transaction: whether there is no need for these rows any more. */
  readonly unless?: (database: Database) => boolean;
}

/** Throws a TypeError on what cannot be written, so that a bad row fails alone and not with its neighbours. */
export function prepareEntry(rows: readonly AuditRow[], decision?: DecisionRecord): Entry {
  const link = decision === undefined ? null : sha256(decision.body);
  if (decision !== undefined) checkText([decision.requestId, decision.body, decision.assertion]);
  return { rows: rows.map((row) => prepareRow(row, link)), decision: decision ?? null };
}

function prepareRow(row: AuditRow, decision: string | null): PreparedRow {
  const detail = decision === null ? row.detail : { ...row.detail, decision };
  const text = detail === null ? null : canonical(detail);
  const cells = [
    row.timestamp,
    row.secretName,
    row.reason,
    row.action,
    row.scope,
    row.ttlExpiresAt,
    row.vault,
    row.operation,
    row.requestId,
    row.session,
    row.agent,
    row.approver,
    row.factor,
    text,
  ];
  checkText(cells);
  return { row: { ...row, detail }, cells };
}

/** A lone surrogate has no UTF-8: what is stored would not be what was hashed. */
function checkText(cells: readonly Cell[]): void {
  if (!cells.every((cell) => cell === null || cell.isWellFormed()))
    throw new TypeError('a lone surrogate cannot be stored');
}
