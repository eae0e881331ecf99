/** One piece of a log as it is checked: from the database, or from a line of an export. */
export type LogRecord = RowRecord | DecisionRecord | CheckpointRecord;

/** A row of the table `audit`: its columns, in the order of the table. Nothing is known of them yet. */
export interface RowRecord {
  readonly kind: 'row';
  readonly cells: readonly unknown[];
}

/** What was decided. Stands before the first of its rows. */
export interface DecisionRecord {
  readonly kind: 'decision';
  readonly request_id: string;
  readonly body: string;
  readonly assertion: string | null;
}

/** Stands after the last row it covers, if that is there. */
export interface CheckpointRecord {
  readonly kind: 'checkpoint';
  readonly size: number;
  readonly timestamp: string;
  readonly head: string;
  readonly note: string;
}

/** A row whose cells can be read. */
export interface Row {
  readonly id: number;
  /** `timestamp` in milliseconds since 1970 UTC. */
  readonly at: number;
  readonly timestamp: string;
  readonly name: string;
  readonly reason: string;
  readonly action: string;
  readonly scope: string | null;
  readonly ttl: string | null;
  readonly vault: string;
  readonly operation: string;
  readonly request: string | null;
  readonly session: string;
  readonly agent: string;
  readonly approver: string | null;
  readonly factor: string | null;
  /** Empty where there is none, or none that can be read. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly hash: string;
}

/** A text in a row's `detail`; null if it is not there. */
export function said(row: Row, key: string): string | null {
  const value = row.detail[key];
  return typeof value === 'string' ? value : null;
}

/** What a row is about: the entry's id, which stands in `detail` where it is not the name. */
export function subjectOf(row: Row): string {
  return said(row, 'secretId') ?? row.name;
}
