import { verifyDecision } from '../approvers/evidence.ts';
import { openRoster } from '../approvers/roster.ts';
import { rowHash } from '../audit/chain.ts';
import { systemClock } from '../platform/clock.ts';
import type { Database } from '../store/database.ts';
import { withLog } from './log-file.ts';
import type { StoredRow } from './stored-row.ts';
import { storedRow } from './stored-row.ts';

export interface StoredDecision {
  readonly request_id: string;
  readonly body: string;
  readonly assertion: string | null;
}

/** Whether an approver's passkey signed what a row says. */
export interface SignatureCheck {
  /** Of the row. */
  readonly id: number;
  readonly ok: boolean;
  /** In words of ours; null if there is none. */
  readonly problem: string | null;
}

/** All about one request. */
export interface RequestRecord {
  /** Null for a row that is about none. */
  readonly request: string | null;
  readonly rows: readonly StoredRow[];
  /** Null if nothing was decided. */
  readonly decision: StoredDecision | null;
  /** Of each row of the decision, if that was signed. */
  readonly signatures: readonly SignatureCheck[];
}

/**
 * Null if there is no such request or row. Rejects with `audit_unavailable`, and with `config_invalid` where it cannot be read who may
 * approve. @param id a request's, or a row's number
 */
export async function requestRecord(file: string, id: string, stateFolder: string): Promise<RequestRecord | null> {
  const found = await withLog(file, (database) => read(database, id));
  if (found === null) return null;
  const { cells, ...record } = found;
  return { ...record, signatures: await signatures(cells, record.decision, stateFolder) };
}

type Cells = Readonly<Record<string, unknown>>;

interface Found extends Omit<RequestRecord, 'signatures'> {
  readonly cells: readonly Cells[];
}

function read(database: Database, id: string): Found | null {
  const byRequest = database.prepare<[string], Cells>('SELECT * FROM audit WHERE request_id = ? ORDER BY id');
  const byNumber = database.prepare<[number], Cells>('SELECT * FROM audit WHERE id = ?');
  const row = /^\d{1,15}$/u.test(id) ? byNumber.get(Number(id)) : undefined;
  const request = row === undefined ? id : storedRow(row).request_id;
  const cells = request === null ? [] : byRequest.all(request);
  const all = cells.length === 0 && row !== undefined ? [row] : cells;
  if (all.length === 0) return null;
  const decision = database
    .prepare<[string | null], StoredDecision>('SELECT request_id, body, assertion FROM decisions WHERE request_id = ?')
    .get(request);
  return { request, cells: all, rows: all.map(storedRow), decision: decision ?? null };
}

async function signatures(
  cells: readonly Cells[],
  decision: StoredDecision | null,
  stateFolder: string,
): Promise<readonly SignatureCheck[]> {
  if (decision === null || decision.assertion === null) return [];
  const approvers = await openRoster(stateFolder, systemClock).read();
  const decided = cells.filter(({ action }) => action === 'approved' || action === 'denied');
  return Promise.all(
    decided.map(async (row) => {
      const verdict = await verifyDecision({ row, decision, approvers, rowHash });
      return { id: Number(row['id']), ok: verdict.ok, problem: verdict.ok ? null : verdict.problem };
    }),
  );
}
