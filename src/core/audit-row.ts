import type { Json } from './canonical.ts';

export type AuditAction =
  | 'requested'
  | 'approved'
  | 'denied'
  | 'auto_approved'
  | 'released'
  | 'refused'
  | 'expired'
  | 'lapsed'
  | 'withdrawn'
  | 'failed'
  | 'abandoned'
  | 'lifted'
  | 'window_closed'
  | 'config_approved'
  | 'paired'
  | 'unpaired'
  | 'reset'
  | 'pruned';

export const auditActions: readonly AuditAction[] = [
  'requested',
  'approved',
  'denied',
  'auto_approved',
  'released',
  'refused',
  'expired',
  'lapsed',
  'withdrawn',
  'failed',
  'abandoned',
  'lifted',
  'window_closed',
  'config_approved',
  'paired',
  'unpaired',
  'reset',
  'pruned',
];

/**
 * One step in the life of one secret's request, or (from `config_approved` on) of what decides about all of them: such a row has
 * empty texts where it is about no secret, vault or session. Never holds a value, token or code. Times are ISO 8601 UTC with milliseconds.
 */
export interface AuditRow {
  readonly timestamp: string;
  readonly secretName: string;
  readonly reason: string;
  readonly action: AuditAction;
  readonly scope: string | null;
  readonly ttlExpiresAt: string | null;
  readonly vault: string;
  readonly operation: string;
  readonly requestId: string | null;
  readonly session: string;
  readonly agent: string;
  readonly approver: string | null;
  readonly factor: string | null;
  readonly detail: { readonly [key: string]: Json } | null;
}

/** A row as it stands in the log. `seq` is the column `id`: from 1, without gaps. */
export interface CommittedRow extends AuditRow {
  readonly seq: number;
  readonly hash: string;
}

/** What was decided, in RFC 8785 form; its SHA-256 stands in each decision row. `assertion` is the factor's proof, where it has one. */
export interface DecisionRecord {
  readonly requestId: string;
  readonly body: string;
  readonly assertion: string | null;
}

/** The columns of the table `audit` between `id` and the hashes, in their order: what a row's hash covers. */
export const hashedColumns = [
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
