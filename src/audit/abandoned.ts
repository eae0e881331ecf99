import { hostname } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import type { AuditRow } from '../core/audit-row.ts';
import { isoTime } from '../core/clock.ts';
import { oneLine } from '../core/text.ts';
import type { Database } from '../store/database.ts';
import type { Entry } from './entry.ts';
import { prepareEntry } from './entry.ts';

export interface AbandonOptions {
  /** The first row that is none of another process's past: only those before it are looked at. */
  readonly before: number;
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** Gives null when the log is closed; then nothing more is done. */
  readonly read: <Result>(look: (database: Database) => Result) => Result | null;
  readonly add: (entry: Entry) => Promise<unknown>;
}

/**
 * Ends, with rows `abandoned`, the requests that nobody will end any more: their process is dead, or their time was over an hour ago.
 * Looks at the last 50,000 rows, a few at a time; several processes may do so at once. A process on another machine, or in another
 * container, is never taken for dead.
 */
export async function abandonUnfinished({ before, now, read, add }: AbandonOptions): Promise<void> {
  const requests = new Map<string, Row[]>();
  for (let from = Math.max(0, before - 1 - reach); from < before - 1; from += page) {
    const rows = read((database) => rowsBetween(database, from, Math.min(from + page, before - 1)));
    if (rows === null) return;
    for (const row of rows) requests.set(row.request_id, [...(requests.get(row.request_id) ?? []), row]);
    for (const { request_id: id } of rows) if (isEnded(requests.get(id) ?? [])) requests.set(id, []);
    await turn();
  }
  for (const [id, rows] of requests) {
    const cause = causeOf(rows, now);
    if (cause === null) continue;
    const unless = (database: Database): boolean => isEnded(rowsOf(database, id));
    await add({ ...prepareEntry(abandonedRows(rows, cause, now)), unless });
  }
}

const reach = 50_000;
const page = 1_000;
/** Milliseconds after a request's expiry at which, whatever clocks said, its approval cannot be picked up any more. */
const longOver = 3_600_000;

const text = z.string();
const stored = z.object({
  request_id: text,
  timestamp: text,
  action: text,
  secret_name: text,
  reason: text,
  scope: text.nullable(),
  ttl_expires_at: text.nullable(),
  vault: text,
  operation: text,
  session: text,
  agent: text,
  approver: text.nullable(),
  factor: text.nullable(),
  detail: text.nullable(),
});

type Row = z.infer<typeof stored>;

const detailOf = z
  .string()
  .transform((json, context): unknown => {
    try {
      return JSON.parse(json);
    } catch {
      context.addIssue({ code: 'custom', message: 'no JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z.object({
      secretId: text.optional(),
      title: text.optional(),
      pid: z.int().positive().optional(),
      host: text.optional(),
      expiresAt: z.iso.datetime().optional(),
    }),
  );

type Detail = z.infer<typeof detailOf>;

function rowsBetween(database: Database, after: number, upTo: number): Row[] {
  const rows = database.prepare<[number, number]>('SELECT * FROM audit WHERE id > ? AND id <= ? ORDER BY id');
  return parsed(rows.all(after, upTo));
}

function rowsOf(database: Database, request: string): Row[] {
  return parsed(database.prepare<[string]>('SELECT * FROM audit WHERE request_id = ?').all(request));
}

function parsed(rows: readonly unknown[]): Row[] {
  return rows.flatMap((row) => stored.safeParse(row).data ?? []);
}

/** A denial of some of the names leaves the others approved. */
function isEnded(rows: readonly Row[]): boolean {
  const actions = new Set(rows.map(({ action }) => action));
  const ends = ['released', 'lapsed', 'expired', 'withdrawn', 'abandoned'];
  return ends.some((action) => actions.has(action)) || (actions.has('denied') && !actions.has('approved'));
}

/** Null while somebody may still end it. */
function causeOf(rows: readonly Row[], now: number): string | null {
  const requested = rows.find(({ action }) => action === 'requested');
  if (requested === undefined) return null;
  const detail = readDetail(requested);
  if (detail.expiresAt !== undefined && now > Date.parse(detail.expiresAt) + longOver) return 'its time is over';
  return isDead(detail, requested) ? 'its process ended without ending it' : null;
}

function readDetail({ detail }: Row): Detail {
  return detailOf.safeParse(detail).data ?? {};
}

/** Our own number was another process's before us; in a container it often is. */
function isDead({ pid, host }: Detail, { timestamp }: Row): boolean {
  if (pid === undefined || host !== oneLine(hostname())) return false;
  if (pid === process.pid) return Date.parse(timestamp) < Date.now() - process.uptime() * 1_000;
  return !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH');
  }
}

function abandonedRows(rows: readonly Row[], cause: string, at: number): AuditRow[] {
  const approved = rows.filter(({ action }) => action === 'approved');
  const open = approved.length > 0 ? approved : rows.filter(({ action }) => action === 'requested');
  return open.map((row) => {
    const { secretId, title } = readDetail(row);
    const entry = { ...(secretId === undefined ? {} : { secretId }), ...(title === undefined ? {} : { title }) };
    return {
      timestamp: isoTime(at),
      secretName: row.secret_name,
      reason: row.reason,
      action: 'abandoned',
      scope: row.scope,
      ttlExpiresAt: row.ttl_expires_at,
      vault: row.vault,
      operation: row.operation,
      requestId: row.request_id,
      session: row.session,
      agent: row.agent,
      approver: row.approver,
      factor: row.factor,
      detail: { ...entry, cause },
    };
  });
}
