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

/** Which events an endpoint wants. `all`: what people decided. Other actions only when they are listed by name. */
export type WantedEvents = 'all' | readonly AuditAction[];

const decisions: readonly AuditAction[] = [
  'approved',
  'denied',
  'auto_approved',
  'config_approved',
  'paired',
  'unpaired',
  'reset',
];

export function wants(events: WantedEvents, action: AuditAction): boolean {
  return (events === 'all' ? decisions : events).includes(action);
}

/**
 * One event per decision: rows that were committed together and tell the same but for the secret's name become one event,
 * in the order of their last rows.
 */
export function eventsOf(rows: readonly CommittedRow[]): readonly WebhookEvent[] {
  const groups = new Map<string, CommittedRow[]>();
  for (const row of rows) {
    const key = JSON.stringify({ ...eventOf([], row), seq: null });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  const events = [...groups.values()].flatMap((group) => {
    const last = group.at(-1);
    return last === undefined
      ? []
      : [
          eventOf(
            group.map(({ secretName }) => secretName),
            last,
          ),
        ];
  });
  return events.sort((a, b) => a.seq - b.seq);
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
