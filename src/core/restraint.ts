import type { Clock, Deadline } from './clock.ts';
import { deadlineIn, isOver, remaining } from './clock.ts';
import { VaultError } from './errors.ts';
import { shown } from './input.ts';
import type { NewRequest } from './live-request.ts';
import type { Entry, Operation, Session, SessionId } from './request.ts';
import { overlap } from './request.ts';

/** How much of a person's attention one session may take. */
export interface RestraintLimits {
  /** How long a denied name is refused without asking, in milliseconds; 0 asks again at once. */
  readonly cooldownMs: number;
  /** Requests of one session within an hour. */
  readonly maxPerHour: number;
}

/** What was denied. */
export interface Denied {
  readonly session: Session;
  readonly vault: string;
  readonly operation: Operation;
  readonly names: readonly Entry[];
}

interface Cooling {
  readonly vault: string;
  readonly operation: Operation;
  readonly entry: Entry;
  readonly at: Deadline;
  readonly until: Deadline;
}

interface OfSession {
  /** Wall clock, milliseconds, and the monotonic end of the hour. */
  readonly opened: Deadline[];
  cooling: Cooling[];
  mutedUntil: Deadline | null;
}

const hourMs = 3_600_000;

/** Keeps agents from asking a person until they tire: cool-downs after a denial, muting, and so many requests in an hour. */
export class Restraint {
  readonly #clock: Clock;
  readonly #limits: () => RestraintLimits;
  readonly #sessions = new Map<SessionId, OfSession>();

  constructor(clock: Clock, limits: () => RestraintLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Throws `session_muted`. */
  checkSession(session: SessionId): void {
    const muted = this.#sessions.get(session)?.mutedUntil ?? null;
    const left = muted === null ? 0 : remaining(this.#clock, muted);
    if (left === 0) return;
    const message = `the person muted this session; it may ask again in ${inMinutes(left)}. Do not work round it`;
    throw new VaultError('session_muted', message);
  }

  /** Throws `denied_recently`, naming what was denied, and `too_many_requests`. */
  check(asked: Pick<NewRequest, 'session' | 'vault' | 'operation' | 'names'>): void {
    const own = this.#of(asked.session.id);
    this.#checkCooling(own, asked);
    this.#forgetHours(own);
    const { maxPerHour } = this.#limits();
    if (own.opened.length < maxPerHour) return;
    const message = `this session has asked the person ${maxPerHour} times within an hour; ask them before you go on`;
    throw new VaultError('too_many_requests', message);
  }

  /** Another request is with the person. */
  count(session: SessionId): void {
    this.#of(session).opened.push(deadlineIn(this.#clock, hourMs));
  }

  /** @param mute the session may not ask for an hour */
  denied({ session, vault, operation, names }: Denied, mute: boolean): void {
    const own = this.#of(session.id);
    const { cooldownMs } = this.#limits();
    const [at, until] = [deadlineIn(this.#clock, 0), deadlineIn(this.#clock, cooldownMs)];
    const ids = new Set(names.map(({ id }) => id));
    const others = own.cooling.filter((each) => !ids.has(each.entry.id) || !isAbout(each, { vault, operation }));
    own.cooling = [...others.filter((each) => !isOver(this.#clock, each.until))];
    if (cooldownMs > 0) own.cooling.push(...names.map((entry) => ({ vault, operation, entry, at, until })));
    if (mute) own.mutedUntil = deadlineIn(this.#clock, hourMs);
  }

  /** Milliseconds for which what was denied is refused without asking. */
  left({ session, vault, operation, names }: Denied): number {
    const own = this.#sessions.get(session.id);
    if (own === undefined) return 0;
    const ids = new Set(names.map(({ id }) => id));
    const cooling = own.cooling.filter((each) => ids.has(each.entry.id) && isAbout(each, { vault, operation }));
    const ends = [...cooling.map(({ until }) => until), ...(own.mutedUntil === null ? [] : [own.mutedUntil])];
    return Math.max(0, ...ends.map((until) => remaining(this.#clock, until)));
  }

  /** Lets what was denied be asked for again, and the session ask. */
  lift({ session, vault, operation, names }: Denied): void {
    const own = this.#of(session.id);
    const ids = new Set(names.map(({ id }) => id));
    own.cooling = own.cooling.filter((each) => !ids.has(each.entry.id) || !isAbout(each, { vault, operation }));
    own.mutedUntil = null;
  }

  forget(session: SessionId): void {
    this.#sessions.delete(session);
  }

  #checkCooling(own: OfSession, { vault, operation, names }: Pick<NewRequest, 'vault' | 'operation' | 'names'>): void {
    const denied = names.flatMap((entry) => {
      const cooling = own.cooling.find((each) => overlap(each.entry, entry) && isAbout(each, { vault, operation }));
      return cooling === undefined || isOver(this.#clock, cooling.until) ? [] : [{ entry, cooling }];
    });
    const [first] = denied;
    if (first === undefined) return;
    const more = denied.length > 1 ? ` and ${denied.length - 1} more` : '';
    const ago = inMinutes(this.#clock.wall() - first.cooling.at.wall);
    const message = `${shown(first.entry.name)}${more}: denied ${ago} ago; ask the person before you try again`;
    throw new VaultError('denied_recently', message, { names: denied.map(({ entry }) => entry.name) });
  }

  #forgetHours(own: OfSession): void {
    while (own.opened[0] !== undefined && isOver(this.#clock, own.opened[0])) own.opened.shift();
  }

  #of(session: SessionId): OfSession {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    const fresh: OfSession = { opened: [], cooling: [], mutedUntil: null };
    this.#sessions.set(session, fresh);
    return fresh;
  }
}

function isAbout(cooling: Cooling, { vault, operation }: Pick<Denied, 'vault' | 'operation'>): boolean {
  return cooling.vault === vault && cooling.operation === operation;
}

function inMinutes(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return `${minutes} minute${minutes === 1 ? '' : 's'}`;
}
