import type { Approvals } from './approvals.ts';
import type { Clock } from './clock.ts';
import { remaining } from './clock.ts';
import { closeWindows } from './closing.ts';
import type { AuditLog, Log, RequestView } from './ports.ts';
import type { Approver, RequestId, Session } from './request.ts';
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
      recent: approvals.decided(mostRecent),
    }),
    async endWindows(which, by) {
      const fits = ({ request }: Window): boolean => which === 'all' || request === which;
      const ended = await closeWindows(fits, { ...options, cause: 'ended by a person', by });
      return new Set(ended.map(({ request }) => request)).size;
    },
    onChange: (tell) => changed.listen(tell),
  };
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
