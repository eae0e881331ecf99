import type { Approvals } from './approvals.ts';
import type { Clock } from './clock.ts';
import { remaining } from './clock.ts';
import type { AuditLog, Log, RequestView } from './ports.ts';
import type { Approver, RequestId, Session } from './request.ts';
import { rowsFor } from './rows.ts';
import type { Signal } from './signal.ts';
import type { Window, Windows } from './windows.ts';

/** What one approval lets a session read without asking. */
export interface OpenWindow {
  /** The request whose approval opened it. */
  readonly request: RequestId;
  readonly session: Session;
  readonly vault: string;
  /** As they were asked for; null covers the whole vault. */
  readonly names: readonly string[] | null;
  /** Wall clock, milliseconds. */
  readonly until: number;
  /** By whichever clock is further. */
  readonly remainingMs: number;
  readonly approver: Approver;
}

/** What the home page shows to an approver. */
export interface BoardView {
  /** That can be decided now, oldest first. */
  readonly requests: readonly RequestView[];
  /** Those that end first come first. */
  readonly windows: readonly OpenWindow[];
  /** Decided within this run of the process, newest first, at most 50. */
  readonly recent: readonly RequestView[];
}

/** What an approver sees and may do on the home page. The caller has proved the approver. */
export interface Board {
  view(): BoardView;
  /** Ends the window of one request, or all of them. How many were ended; the log may be unwritable, they end all the same. */
  endWindows(which: RequestId | 'all', by: Approver): Promise<number>;
  /** Tells whenever something in `view` changed, but not when time alone did it. Returns the way to stop it. */
  onChange(tell: () => void): () => void;
}

export interface BoardOptions {
  readonly approvals: Approvals;
  readonly windows: Windows;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly changed: Signal;
}

/** So many decisions are shown. */
const mostRecent = 50;

export function createBoard(options: BoardOptions): Board {
  const { approvals, windows, clock, changed } = options;
  return {
    view: () => ({
      requests: approvals.views(({ state }) => state === 'pending'),
      windows: openWindows(windows.all(), clock),
      recent: approvals
        .views(({ decision }) => decision !== undefined)
        .sort((a, b) => decidedAt(b) - decidedAt(a))
        .slice(0, mostRecent),
    }),
    async endWindows(which, by) {
      const ended = windows.close(({ request }) => which === 'all' || request === which);
      await writeDown(ended, options, { cause: 'ended by a person', by });
      return new Set(ended.map(({ request }) => request)).size;
    },
    onChange: (tell) => changed.listen(tell),
  };
}

/** Closes the windows that fit, because what allowed them has changed. `cause` is for the log, in our own words. */
export async function closeWindows(
  fits: (window: Window) => boolean,
  options: Pick<BoardOptions, 'windows' | 'audit' | 'clock' | 'log'> & { readonly cause: string },
): Promise<void> {
  await writeDown(options.windows.close(fits), options, { cause: options.cause });
}

/** A window that was closed stays closed, also where that cannot be written down. */
async function writeDown(
  ended: readonly Window[],
  { audit, clock, log }: Pick<BoardOptions, 'audit' | 'clock' | 'log'>,
  { cause, by }: { cause: string; by?: Approver },
): Promise<void> {
  if (ended.length === 0) return;
  const at = clock.wall();
  const rows = ended.flatMap(({ entry, session, vault, until, request }) => {
    const step = {
      action: 'window_closed',
      at,
      session,
      vault,
      operation: 'read',
      reason: '',
      requestId: request,
    } as const;
    const detail = { cause, ...(by === undefined ? {} : { by: by.name, factor: by.factor }) };
    const scope = entry === null ? 'vault' : 'secret';
    return rowsFor([entry ?? { id: '', name: '' }], { ...step, scope, ttlExpiresAt: until.wall, detail });
  });
  await audit
    .append(rows)
    .catch(() => log.warn(`${ended.length} windows were closed, which could not be written down`));
}

function openWindows(all: readonly Window[], clock: Clock): OpenWindow[] {
  const byRequest = Map.groupBy(all, ({ request }) => request);
  const open = [...byRequest.values()].flatMap((windows) => {
    const [first] = windows;
    return first === undefined ? [] : [openWindow(first, windows, clock)];
  });
  return open.sort((a, b) => a.remainingMs - b.remainingMs);
}

function openWindow(first: Window, windows: readonly Window[], clock: Clock): OpenWindow {
  const { request, session, vault, until, approver } = first;
  const isWhole = windows.some(({ entry }) => entry === null);
  return {
    request,
    session,
    vault,
    names: isWhole ? null : windows.map(({ entry }) => entry?.name ?? ''),
    until: until.wall,
    remainingMs: remaining(clock, until),
    approver,
  };
}

function decidedAt({ decision }: RequestView): number {
  return decision?.at.wall ?? 0;
}
