import type { Clock, Deadline } from './clock.ts';
import { isOver } from './clock.ts';
import type { Approver, Entry, RequestId, Session, SessionId } from './request.ts';
import type { Signal } from './signal.ts';

/** A remembered approval. Holds no value, and lives in this process's memory only. */
export interface Window {
  readonly session: Session;
  readonly vault: string;
  /** The entry it covers; null covers the whole vault. */
  readonly entry: Entry | null;
  readonly until: Deadline;
  /** The request whose approval opened it. */
  readonly request: RequestId;
  readonly approver: Approver;
}

interface Held extends Window {
  /** Ids that were denied after a window on the whole vault had been opened. */
  readonly except: Set<string>;
}

type OfVault = Map<string | null, Held>;

/** The open windows. Compared field by field in nested maps, never as joined strings. */
export class Windows {
  readonly #clock: Clock;
  readonly #changed: Signal;
  readonly #sessions = new Map<SessionId, Map<string, OfVault>>();

  /** @param changed told whenever a window was opened or closed, but not when its time ended it */
  constructor(clock: Clock, changed: Signal) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Opens a window, unless it is over already or a longer one is open. A new one on a whole vault forgives what was denied in it. */
  open(window: Window): void {
    if (isOver(this.#clock, window.until)) return;
    const vaults = this.#sessions.get(window.session.id) ?? new Map<string, OfVault>();
    const entries: OfVault = vaults.get(window.vault) ?? new Map<string | null, Held>();
    const id = window.entry?.id ?? null;
    const known = entries.get(id);
    known?.except.clear();
    if (known !== undefined && known.until.monotonic > window.until.monotonic) return;
    const held = { ...window, except: new Set<string>() };
    this.#sessions.set(window.session.id, vaults.set(window.vault, entries.set(id, held)));
    this.#changed.tell();
  }

  /** The window through which this session may read this entry now; null if a person must be asked. */
  covering(session: SessionId, vault: string, entry: Entry): Window | null {
    const entries = this.#sessions.get(session)?.get(vault);
    if (entries === undefined) return null;
    for (const key of [entry.id, null]) {
      const window = entries.get(key);
      if (window === undefined) continue;
      if (isOver(this.#clock, window.until)) entries.delete(key);
      else if (!isExcepted(window, entry)) return window;
    }
    return null;
  }

  /** All that are open, in no particular order. */
  all(): Window[] {
    return this.#held().filter(({ until }) => !isOver(this.#clock, until));
  }

  /** No session may read these entries any more without asking: they were denied. */
  except(vault: string, entries: readonly Entry[]): void {
    for (const vaults of this.#sessions.values()) {
      const windows = vaults.get(vault);
      for (const { id } of entries) {
        windows?.delete(id);
        windows?.get(null)?.except.add(id);
      }
    }
    this.#changed.tell();
  }

  /** Closes those that fit; returns them, but for those whose time was over. */
  close(fits: (window: Window) => boolean): Window[] {
    const closed = this.#held().filter(fits);
    for (const { session, vault, entry } of closed) {
      this.#sessions
        .get(session.id)
        ?.get(vault)
        ?.delete(entry?.id ?? null);
    }
    if (closed.length > 0) this.#changed.tell();
    return closed.filter(({ until }) => !isOver(this.#clock, until));
  }

  closeSession(session: SessionId): void {
    this.#sessions.delete(session);
    this.#changed.tell();
  }

  #held(): Held[] {
    const vaults = [...this.#sessions.values()].flatMap((session) => [...session.values()]);
    return vaults.flatMap((entries) => [...entries.values()]);
  }
}

/** Of a denied item, every field is denied. */
function isExcepted({ except }: Held, { id, within }: Entry): boolean {
  return except.has(id) || (within !== undefined && except.has(within));
}
