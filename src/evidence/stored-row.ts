/** A row of the table `audit` as it stands there. Whoever can write the file can put anything in: nothing here was checked. */
export interface StoredRow {
  readonly id: number;
  readonly timestamp: string;
  readonly secret_name: string;
  readonly reason: string;
  readonly action: string;
  readonly scope: string | null;
  readonly ttl_expires_at: string | null;
  readonly vault: string;
  readonly operation: string;
  readonly request_id: string | null;
  readonly session: string;
  readonly agent: string;
  readonly approver: string | null;
  readonly factor: string | null;
  readonly detail: string | null;
  readonly prev_hash: string;
  readonly hash: string;
}

/** @param cells as `SELECT *` gives them */
export function storedRow(cells: Readonly<Record<string, unknown>>): StoredRow {
  const text = (column: string): string => optional(column) ?? '';
  const optional = (column: string): string | null => {
    const cell = cells[column] ?? null;
    return cell === null ? null : textOf(cell);
  };
  return {
    id: Number(cells['id']),
    timestamp: text('timestamp'),
    secret_name: text('secret_name'),
    reason: text('reason'),
    action: text('action'),
    scope: optional('scope'),
    ttl_expires_at: optional('ttl_expires_at'),
    vault: text('vault'),
    operation: text('operation'),
    request_id: optional('request_id'),
    session: text('session'),
    agent: text('agent'),
    approver: optional('approver'),
    factor: optional('factor'),
    detail: optional('detail'),
    prev_hash: text('prev_hash'),
    hash: text('hash'),
  };
}

/** Of a cell that should hold text. */
export function textOf(cell: unknown): string {
  return typeof cell === 'string' ? cell : (JSON.stringify(cell) ?? '');
}
