import type { Clock, Deadline } from './clock.ts';
import { isOver } from './clock.ts';
import type { Approver, Entry, RequestId, Session, SessionId } from './request.ts';
import { overlap } from './request.ts';
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
  /** Denied after a window on the whole vault had been opened, by id. */
  readonly except: Map<string, Entry>;
}

/** What ended windows, and so those too that were approved before it and are not open yet. */
interface Closing {
  readonly moment: number;
  readonly fits: (window: Window) => boolean;
  /** Of `vault`; otherwise all that fit are gone. */
  readonly denied: readonly Entry[] | null;
}

/** More of them are not remembered: approvals from before the forgotten ones open no window. */
const mostClosings = 200;

type OfVault = Map<string | null, Held>;

/** The open windows. Compared field by field in nested maps, never as joined strings. */
export class Windows {
  readonly #clock: Clock;
  readonly #changed: Signal;
  readonly #sessions = new Map<SessionId, Map<string, OfVault>>();
  /** The oldest first. */
  readonly #closings: Closing[] = [];
  #moment = 0;
  #forgotten = 0;

  /** @param changed told whenever a window was opened or closed, but not when its time ended it */
  constructor(clock: Clock, changed: Signal) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Between two closings. A window counts from the moment at which it was approved, however late it opens. */
  moment(): number {
    return this.#moment;
  }

  /**
   * Opens a window, unless it is over already, a longer one is open, or it was closed or denied since its approval. A new one on a whole
   * vault forgives what was denied in it before.
   * @param approvedAt `moment()` at its approval
   */
  open(window: Window, approvedAt = this.#moment): void {
    const since = this.#closings.filter(({ moment, fits }) => moment > approvedAt && fits(window));
    const denied = since.flatMap((closing) => closing.denied ?? []);
    const isClosed = approvedAt < this.#forgotten || since.some((closing) => closing.denied === null);
    if (isClosed || isOver(this.#clock, window.until) || isAmong(denied, window.entry)) return;
    const vaults = this.#sessions.get(window.session.id) ?? new Map<string, OfVault>();
    const entries: OfVault = vaults.get(window.vault) ?? new Map<string | null, Held>();
    const id = window.entry?.id ?? null;
    const known = entries.get(id);
    // One in which something was denied gives way to a shorter one too: what is forgiven is so for that time only.
    const stays = known !== undefined && known.except.size === 0 && known.until.monotonic > window.until.monotonic;
    if (stays) return;
    const held = { ...window, except: byId(denied) };
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
      else if (!isAmong(window.except.values(), entry)) return window;
    }
    return null;
  }

  /** All that are open, in no particular order. */
  all(): Window[] {
    return this.#held().filter(({ until }) => !isOver(this.#clock, until));
  }

  /** No session may read these entries any more without asking, nor their parts, nor what they are parts of: they were denied. */
  except(vault: string, entries: readonly Entry[]): void {
    for (const vaults of this.#sessions.values()) {
      const windows = vaults.get(vault) ?? new Map<string | null, Held>();
      for (const [id, { entry }] of windows) if (isAmong(entries, entry)) windows.delete(id);
      for (const entry of entries) windows.get(null)?.except.set(entry.id, entry);
    }
    this.#note({ fits: (window) => window.vault === vault, denied: entries });
  }

  /** Closes those that fit, also such as are approved and not open yet; returns those that were open. */
  close(fits: (window: Window) => boolean): Window[] {
    const closed = this.#held().filter(fits);
    for (const { session, vault, entry } of closed) {
      this.#sessions
        .get(session.id)
        ?.get(vault)
        ?.delete(entry?.id ?? null);
    }
    this.#note({ fits, denied: null });
    return closed.filter(({ until }) => !isOver(this.#clock, until));
  }

  closeSession(session: SessionId): void {
    this.#sessions.delete(session);
    this.#changed.tell();
  }

  #note(closing: Omit<Closing, 'moment'>): void {
    this.#moment += 1;
    this.#closings.push({ ...closing, moment: this.#moment });
    if (this.#closings.length > mostClosings) this.#forgotten = this.#closings.shift()?.moment ?? this.#moment;
    this.#changed.tell();
  }

  #held(): Held[] {
    const vaults = [...this.#sessions.values()].flatMap((session) => [...session.values()]);
    return vaults.flatMap((entries) => [...entries.values()]);
  }
}

/** Of a whole vault, nothing is told by this. */
function isAmong(denied: Iterable<Entry>, entry: Entry | null): boolean {
  if (entry === null) return false;
  for (const each of denied) if (overlap(each, entry)) return true;
  return false;
}

function byId(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.id, entry]));
}
