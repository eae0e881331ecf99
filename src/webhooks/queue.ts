import type { Database } from '../store/database.ts';
import type { Endpoint } from './endpoint.ts';
import { furthest } from './schedule.ts';
import type { StoredEvent } from './stored-event.ts';
import { parseBody } from './stored-event.ts';

/** The events that wait for endpoints, in the database. Each method is one transaction and may throw `SQLITE_BUSY`. */
export interface Queue {
  /** Takes the right to send to an endpoint, for `leaseMs`, if there is something to send now; otherwise gives it back. */
  claim(endpoint: Endpoint, asked: Asked): Turn;
  /** Writes down what became of events, and claims again. */
  settle(endpoint: Endpoint, settlement: Settlement, asked: Asked): Turn;
}

export interface QueueOptions {
  readonly database: Database;
  /** Of one lane in one process. */
  readonly holder: string;
  /** Longer than one message can take. Who dies in the middle of one keeps the others waiting this long. Milliseconds. */
  readonly leaseMs: number;
}

export interface Asked {
  /** Events; 0 only gives back. */
  readonly most: number;
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** Whether to try before the schedule says so. */
  readonly pressed: boolean;
  /** A time that has come by another clock, though not by the wall clock. */
  readonly overdue: number | null;
}

export interface QueuedEvent {
  /** The outbox row's. */
  readonly row: number;
  readonly event: StoredEvent;
  /** Tries that failed. */
  readonly attempts: number;
  /** Wall clock, milliseconds. */
  readonly createdAt: number;
}

export type Turn =
  /** The oldest that wait. `isDue`: not only because it was pressed for. */
  | { readonly kind: 'events'; readonly events: readonly QueuedEvent[]; readonly isDue: boolean }
  | { readonly kind: 'nothing' }
  /** Another process is at it. Wall clock, milliseconds. */
  | { readonly kind: 'taken'; readonly until: number }
  | { readonly kind: 'later'; readonly at: number }
  | { readonly kind: 'disabled'; readonly why: string };

/** What became of the events of one message. Problems are in our own words. */
export interface Settlement {
  /** When they were sent. Wall clock, milliseconds. */
  readonly now: number;
  readonly delivered: readonly number[];
  readonly dead: readonly { readonly row: number; readonly problem: string }[];
  /** The first one that has to be tried again; null if none has. Those after it wait for it. */
  readonly failed: {
    readonly row: number;
    readonly attempts: number;
    readonly at: number | null;
    readonly problem: string;
  } | null;
  /** Until when the endpoint wants nothing; null if it has not said so. */
  readonly pausedUntil: number | null;
  /** Why it wants nothing more at all; null if it has not said so. */
  readonly disabled: string | null;
}

/** Characters of events that are taken out at once: what several endpoints hold in memory together. */
const mostCharacters = 4_000_000;
/** Rows that are put aside at once. */
const mostUnreadable = 200;

export function openQueue({ database, holder, leaseMs }: QueueOptions): Queue {
  const lines = statements(database);

  const claim = (endpoint: Endpoint, { most, now, pressed, overdue }: Asked): Turn => {
    lines.introduce.run(endpoint.id, endpoint.name);
    const line = lines.endpoint.get(endpoint.id);
    const giveBack = <Result extends Turn>(turn: Result): Result => {
      if (line?.leased_by === holder) lines.lease.run(null, null, endpoint.id);
      return turn;
    };
    if (line === undefined || most === 0) return giveBack({ kind: 'nothing' });
    const { disabled, leased_by: by, leased_until: until } = line;
    if (disabled !== null) return giveBack({ kind: 'disabled', why: disabled });
    // One that ends later than a lease can was given before the clock was put back.
    if (by !== null && by !== holder && until !== null && until > now && until <= now + leaseMs && until !== overdue)
      return { kind: 'taken', until };
    const { events, head, isMore } = waiting(endpoint, most, now);
    if (head === null) return giveBack(isMore ? { kind: 'later', at: now } : { kind: 'nothing' });
    const isOpen = (at: number): boolean => at <= now || at === overdue || at > now + furthest;
    if (!isOpen(line.next_at)) return giveBack({ kind: 'later', at: line.next_at });
    const isDue = isOpen(head);
    if (!isDue && !pressed) return giveBack({ kind: 'later', at: head });
    lines.lease.run(holder, now + leaseMs, endpoint.id);
    return { kind: 'events', events, isDue };
  };

  /** Rows that hold no event are put aside, so that they stop nobody: so many at once that nobody has to wait for it. */
  const waiting = (endpoint: Endpoint, most: number, now: number): Waiting => {
    const events: QueuedEvent[] = [];
    const unreadable: number[] = [];
    let head: number | null = null;
    let characters = 0;
    for (const { id, body, attempts, created_at: createdAt, next_at: at } of lines.waiting.iterate(endpoint.id)) {
      characters += body.length;
      const isFull = events.length === most || (characters > mostCharacters && events.length > 0);
      if (isFull || unreadable.length === mostUnreadable) break;
      const event = parseBody(body);
      if (event === null) {
        unreadable.push(id);
        continue;
      }
      head ??= at;
      events.push({ row: id, event, attempts, createdAt });
    }
    for (const row of unreadable) lines.bury.run('it is no event that this version of Agent Vault knows', now, row);
    return { events, head, isMore: unreadable.length > 0 };
  };

  const settle = (endpoint: Endpoint, settlement: Settlement): void => {
    const { now, delivered, dead, failed, pausedUntil, disabled } = settlement;
    for (const row of delivered) lines.deliver.run(now, row);
    for (const { row, problem } of dead) lines.bury.run(problem, now, row);
    // Whoever has the lease by now goes on with what is left.
    if (lines.endpoint.get(endpoint.id)?.leased_by !== holder) return;
    if (failed?.at === null) lines.bury.run(failed.problem, now, failed.row);
    else if (failed !== null) lines.postpone.run(failed.attempts, failed.at, failed.problem, failed.row);
    if (pausedUntil !== null) lines.pause.run(pausedUntil, endpoint.id);
    if (disabled !== null) lines.disable.run(disabled, endpoint.id);
  };

  const claimed = database.transaction(claim);
  const settled = database.transaction((endpoint: Endpoint, settlement: Settlement, asked: Asked) => {
    settle(endpoint, settlement);
    return claim(endpoint, asked);
  });
  return {
    claim: (endpoint, asked) => claimed.immediate(endpoint, asked),
    settle: (endpoint, settlement, asked) => settled.immediate(endpoint, settlement, asked),
  };
}

interface Waiting {
  readonly events: readonly QueuedEvent[];
  /** When the first may be tried; null if there is none. */
  readonly head: number | null;
  /** Whether there may be others, where there is none. */
  readonly isMore: boolean;
}

interface EndpointRow {
  readonly leased_by: string | null;
  readonly leased_until: number | null;
  readonly next_at: number;
  readonly disabled: string | null;
}

interface OutboxRow {
  readonly id: number;
  readonly body: string;
  readonly attempts: number;
  readonly created_at: number;
  readonly next_at: number;
}

/** Of a row that was never tried, `next_at` is 0: no clock can delay it. Of a delivered or dead row, it is when it became that. */
function statements(database: Database) {
  const change = (set: string): string => `UPDATE outbox SET ${set} WHERE id = ? AND state = 'waiting'`;
  return {
    introduce: database.prepare<[string, string]>(
      'INSERT INTO endpoints (endpoint, name) VALUES (?, ?) ON CONFLICT (endpoint) DO NOTHING',
    ),
    endpoint: database.prepare<[string], EndpointRow>(
      'SELECT leased_by, leased_until, next_at, disabled FROM endpoints WHERE endpoint = ?',
    ),
    lease: database.prepare<[string | null, number | null, string]>(
      'UPDATE endpoints SET leased_by = ?, leased_until = ? WHERE endpoint = ?',
    ),
    pause: database.prepare<[number, string]>('UPDATE endpoints SET next_at = ? WHERE endpoint = ?'),
    disable: database.prepare<[string, string]>('UPDATE endpoints SET disabled = ? WHERE endpoint = ?'),
    waiting: database.prepare<[string], OutboxRow>(
      `SELECT id, body, attempts, created_at, next_at FROM outbox WHERE endpoint = ? AND state = 'waiting' ORDER BY id`,
    ),
    deliver: database.prepare<[number, number]>(change(`state = 'delivered', problem = NULL, next_at = ?`)),
    bury: database.prepare<[string, number, number]>(change(`state = 'dead', problem = ?, next_at = ?`)),
    postpone: database.prepare<[number, number, string, number]>(change('attempts = ?, next_at = ?, problem = ?')),
  };
}
