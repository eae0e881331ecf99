import type { RequestView } from './ports.ts';
import type { Approver, RequestId, Session } from './request.ts';

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
