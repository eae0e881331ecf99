import type { AuditAction, CommittedRow } from '../core/audit-row.ts';

/** What a webhook carries. The first eight keys, in this order, are those of the proof of concept. */
export interface WebhookEvent {
  readonly event: 'secret_access';
  readonly timestamp: string;
  readonly vault: string;
  readonly secrets: readonly string[];
  readonly reason: string;
  readonly action: AuditAction;
  readonly scope: string | null;
  readonly ttlExpiresAt: string | null;
  readonly operation: string;
  readonly requestId: string | null;
  readonly session: string;
  readonly agent: string;
  readonly approver: string | null;
  /** The audit row's id; of several rows, the last one's. */
  readonly seq: number;
}

/** What an endpoint can be told of: actions of the audit log, and its checkpoints. */
export type EventName = AuditAction | 'checkpoint';

/** Which events an endpoint wants. `all`: what people decided, and checkpoints. Others only when they are listed by name. */
export type WantedEvents = 'all' | readonly EventName[];

const decisions: readonly EventName[] = [
  'approved',
  'denied',
  'auto_approved',
  'config_approved',
  'paired',
  'unpaired',
  'reset',
  'pruned',
  'checkpoint',
];

export function wants(events: WantedEvents, name: EventName): boolean {
  return (events === 'all' ? decisions : events).includes(name);
}

/** Rows that make one event, in the order of the log. */
export interface Decision {
  readonly rows: readonly CommittedRow[];
  readonly last: CommittedRow;
}

/**
 * One event per decision: rows that were committed together and tell the same but for the secret's name become one, in the order of their
 * last rows. A name that comes again belongs to another one: two calls were answered at once.
 */
export function decisionsIn(rows: readonly CommittedRow[]): readonly Decision[] {
  const groups = new Map<string, { rows: CommittedRow[]; last: CommittedRow }>();
  const done: Decision[] = [];
  for (const row of rows) {
    const key = JSON.stringify([eventOf([], { ...row, seq: 0 }), row.factor]);
    const group = groups.get(key);
    const isRepeated = group?.rows.some(({ secretName }) => secretName === row.secretName) ?? false;
    if (group === undefined || isRepeated) {
      if (group !== undefined) done.push(group);
      groups.set(key, { rows: [row], last: row });
    } else {
      group.rows.push(row);
      group.last = row;
    }
  }
  return [...done, ...groups.values()].sort((a, b) => a.last.seq - b.last.seq);
}

export function webhookEvent({ rows, last }: Decision): WebhookEvent {
  return eventOf(
    rows.map(({ secretName }) => secretName),
    last,
  );
}

function eventOf(secrets: readonly string[], row: CommittedRow): WebhookEvent {
  return {
    event: 'secret_access',
    timestamp: row.timestamp,
    vault: row.vault,
    secrets,
    reason: row.reason,
    action: row.action,
    scope: row.scope,
    ttlExpiresAt: row.ttlExpiresAt,
    operation: row.operation,
    requestId: row.requestId,
    session: row.session,
    agent: row.agent,
    approver: row.approver,
    seq: row.seq,
  };
}
