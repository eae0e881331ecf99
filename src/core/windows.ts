import type { Clock, Deadline } from './clock.ts';
import { isOver } from './clock.ts';
import type { Entry, RequestId, SessionId } from './request.ts';

/** A remembered approval. Holds no value, and lives in this process's memory only. */
export interface Window {
  readonly session: SessionId;
  readonly vault: string;
  /** The entry it covers; null covers the whole vault. */
  readonly entryId: string | null;
  readonly until: Deadline;
  /** The request whose approval opened it. */
  readonly request: RequestId;
}

type OfVault = Map<string | null, Window>;

/** The open windows. Compared field by field in nested maps, never as joined strings. */
export class Windows {
  readonly #clock: Clock;
  readonly #sessions = new Map<SessionId, Map<string, OfVault>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens a window, unless it is over already or a longer one is open. */
  open(window: Window): void {
    if (isOver(this.#clock, window.until)) return;
    const vaults = this.#sessions.get(window.session) ?? new Map<string, OfVault>();
    const entries: OfVault = vaults.get(window.vault) ?? new Map<string | null, Window>();
    const known = entries.get(window.entryId);
    if (known !== undefined && known.until.monotonic > window.until.monotonic) return;
    this.#sessions.set(window.session, vaults.set(window.vault, entries.set(window.entryId, window)));
  }

  /** The window through which this session may read this entry now; null if a person must be asked. */
  covering(session: SessionId, vault: string, entry: Entry): Window | null {
    const entries = this.#sessions.get(session)?.get(vault);
    if (entries === undefined) return null;
    for (const key of [entry.id, null]) {
      const window = entries.get(key);
      if (window === undefined) continue;
      if (!isOver(this.#clock, window.until)) return window;
      entries.delete(key);
    }
    return null;
  }

  closeSession(session: SessionId): void {
    this.#sessions.delete(session);
  }
}
