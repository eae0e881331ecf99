import { auditActions } from '../core/audit-row.ts';
import type { AuditAction, CommittedRow } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import { deadlineIn, isoTime } from '../core/clock.ts';
import { retryWhileBusy } from '../store/busy.ts';
import type { Database } from '../store/database.ts';
import type { Endpoint } from './endpoint.ts';
import { isWantedBy } from './endpoint.ts';
import { decisionsIn } from './events.ts';
import { inserter } from './outbox.ts';
import { checkpointEvent, secretEvent } from './outgoing.ts';
import type { Checkpoint } from './outgoing.ts';
import type { StoredEvent } from './stored-event.ts';

export interface ReplayOptions {
  readonly database: Database;
  /** Those that are told once more. */
  readonly endpoints: readonly Endpoint[];
  readonly clock: Clock;
  /** Wall clock, milliseconds. */
  readonly since: number;
}

/** Milliseconds for others to let go of the database. */
const patience = 5_000;

/**
 * Makes the events of the log since then anew, with the ids that they had, and lets them wait for each endpoint that wants them. What waits
 * already is left as it is. What two calls wrote alike within a millisecond, but for the names, becomes one event. Gives the number of
 * events that wait now and did not before.
 */
export async function replay({ database, endpoints, clock, since }: ReplayOptions): Promise<number> {
  const add = adder(database, clock);
  const page = database.transaction((events: readonly StoredEvent[]) => events.reduce(added, 0));
  const added = (sum: number, event: StoredEvent): number => {
    const name = event.event === 'checkpoint' ? event.event : event.action;
    const wanting = endpoints.filter((endpoint) => isWantedBy(endpoint, name));
    return sum + wanting.reduce((count, endpoint) => count + add(event, endpoint), 0);
  };
  let count = 0;
  for (const events of pagesOf(database, isoTime(since)))
    count += await retryWhileBusy(clock, deadlineIn(clock, patience), () => page.immediate(events));
  return count;
}

interface Known {
  readonly id: number;
  readonly state: string;
}

function adder(database: Database, clock: Clock): (event: StoredEvent, endpoint: Endpoint) => number {
  const insert = inserter(database, clock);
  const find = database.prepare<[string, number], Known & { readonly event: string }>(
    'SELECT id, state, event FROM outbox WHERE endpoint = ? AND seq >= ?',
  );
  const revive = database.prepare<[number]>(
    `UPDATE outbox SET state = 'waiting', attempts = 0, next_at = 0, problem = NULL WHERE id = ?`,
  );
  const known = new Map<string, ReadonlyMap<string, Known>>();
  return (event, endpoint) => {
    const { id } = endpoint;
    const events = known.get(id) ?? new Map(find.all(id, event.seq).map((row) => [row.event, row]));
    known.set(id, events);
    const before = events.get(event.id);
    if (before?.state === 'waiting') return 0;
    if (before === undefined) insert(event, [endpoint]);
    else revive.run(before.id);
    return 1;
  };
}

/** Rows that are read at once. */
const pageRows = 500;

/** The events since a time, in order. Rows with one time stay together: they may be of one decision. */
function* pagesOf(database: Database, since: string): Generator<readonly StoredEvent[]> {
  const checkpoints = database
    .prepare<[string], Checkpoint>(
      'SELECT size, head, timestamp, note FROM checkpoints WHERE timestamp >= ? ORDER BY size',
    )
    .all(since);
  let rows: CommittedRow[] = [];
  for (const row of rowsSince(database, since)) {
    if (rows.length >= pageRows && row.timestamp !== rows.at(-1)?.timestamp) {
      yield eventsWith(rows, checkpoints);
      rows = [];
    }
    rows.push(row);
  }
  yield eventsWith(rows, checkpoints);
  yield checkpoints.splice(0).map(checkpointEvent);
}

/** Takes out of `checkpoints` those that come before the last row. */
function eventsWith(rows: readonly CommittedRow[], checkpoints: Checkpoint[]): readonly StoredEvent[] {
  return decisionsIn(rows).flatMap((decision) => {
    const later = checkpoints.findIndex(({ size }) => size >= decision.last.seq);
    const earlier = checkpoints.splice(0, later < 0 ? checkpoints.length : later);
    return [...earlier.map(checkpointEvent), secretEvent(decision)];
  });
}

/**
 * Those that are there when it begins: servers enqueue later ones themselves. No statement stays open between two pages: it would keep
 * writers from tidying up behind themselves.
 */
function* rowsSince(database: Database, since: string): Generator<CommittedRow> {
  const newest = database.prepare<[], number | null>('SELECT max(id) FROM audit').pluck().get() ?? 0;
  const after = database.prepare<[number, number, string, number], AuditTableRow>(
    `SELECT id, timestamp, secret_name, reason, action, scope, ttl_expires_at, vault, operation, request_id, session, agent, approver,
      factor, hash FROM audit WHERE id > ? AND id <= ? AND timestamp >= ? ORDER BY id LIMIT ?`,
  );
  let last = 0;
  for (;;) {
    const rows = after.all(last, newest, since, pageRows);
    for (const row of rows) if (isKnown(row.action)) yield committed(row, row.action);
    last = rows.at(-1)?.id ?? last;
    if (rows.length < pageRows) return;
  }
}

interface AuditTableRow {
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
  readonly hash: string;
}

function committed(row: AuditTableRow, action: AuditAction): CommittedRow {
  const { id, timestamp, reason, scope, vault, operation, session, agent, approver, factor, hash } = row;
  const own = { seq: id, hash, timestamp, secretName: row.secret_name, reason, action, scope, vault, operation };
  const rest = { session, agent, approver, factor, requestId: row.request_id, ttlExpiresAt: row.ttl_expires_at };
  return { ...own, ...rest, detail: null };
}

/** A newer Agent Vault may have written others. */
function isKnown(action: string): action is AuditAction {
  const known: readonly string[] = auditActions;
  return known.includes(action);
}
