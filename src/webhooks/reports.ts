import { isoTime } from '../core/clock.ts';
import { oneLine } from '../core/text.ts';
import type { Database } from '../store/database.ts';
import type { Endpoint, Webhook } from './endpoint.ts';

export interface EndpointReport {
  readonly id: string;
  /** Where it leads, without the path. */
  readonly name: string;
  /** Null for one that is not in the config any more: nothing is sent to it. */
  readonly webhook: Webhook | null;
  readonly waiting: number;
  /** Within the last day. */
  readonly delivered: number;
  /** Given up. */
  readonly dead: number;
  /** Since when the oldest waits, in ISO 8601; null if none does. */
  readonly oldest: string | null;
  /** When it is tried again, in ISO 8601; null if nothing is known to be in the way. */
  readonly nextTry: string | null;
  /** Why it gets nothing more, in our own words; null if it does. */
  readonly disabled: string | null;
  /** What went wrong last with those that wait or were given up. */
  readonly problem: string | null;
}

interface ReportRow {
  readonly endpoint: string;
  readonly name: string;
  readonly next_at: number;
  readonly disabled: string | null;
}

interface HeadRow {
  readonly created_at: number;
  readonly next_at: number;
  readonly problem: string | null;
}

/** Of every endpoint that something ever waited for. `webhook` is left to the caller, who knows the config. */
export function readReports(database: Database): EndpointReport[] {
  const count = database.prepare<[string, string], number>(
    'SELECT count(*) FROM outbox WHERE endpoint = ? AND state = ?',
  );
  const first = database.prepare<[string], HeadRow>(
    `SELECT created_at, next_at, problem FROM outbox WHERE endpoint = ? AND state = 'waiting' ORDER BY id LIMIT 1`,
  );
  const lastDead = database.prepare<[string], HeadRow>(
    `SELECT created_at, next_at, problem FROM outbox WHERE endpoint = ? AND state = 'dead' ORDER BY id DESC LIMIT 1`,
  );
  const rows = database.prepare<[], ReportRow>(
    'SELECT endpoint, name, next_at, disabled FROM endpoints ORDER BY rowid',
  );
  const counted = (id: string, state: string): number => Number(count.pluck().get(id, state));
  return database.transaction(() =>
    rows.all().map(({ endpoint: id, name, next_at: pausedUntil, disabled }): EndpointReport => {
      const head = first.get(id);
      const failure = head?.problem ?? null;
      const problem = failure ?? lastDead.get(id)?.problem ?? null;
      return {
        id,
        name: oneLine(name),
        webhook: null,
        waiting: counted(id, 'waiting'),
        delivered: counted(id, 'delivered'),
        dead: counted(id, 'dead'),
        oldest: head === undefined ? null : isoTime(head.created_at),
        nextTry: head === undefined || failure === null ? null : isoTime(Math.max(head.next_at, pausedUntil)),
        disabled: disabled === null ? null : oneLine(disabled),
        problem: problem === null ? null : oneLine(problem),
      };
    }),
  )();
}

export function reportOfNothing({ id, name, webhook }: Endpoint): EndpointReport {
  const counts = { waiting: 0, delivered: 0, dead: 0 };
  return { id, name, webhook, ...counts, oldest: null, nextTry: null, disabled: null, problem: null };
}
