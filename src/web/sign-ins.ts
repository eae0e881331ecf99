import { createHash } from 'node:crypto';
import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver } from '../core/clock.ts';
import type { Random } from '../core/ports.ts';
import type { Approver } from '../core/request.ts';
import { cookieAttributes, cookieName, cookieValues } from './cookies.ts';
import { createMac } from './mac.ts';
import type { Place } from './place.ts';

/** A browser whose person has proved to be an approver, as one request brought it. */
export interface SignIn {
  readonly approver: Approver;
  /** Goes into every form. */
  readonly csrf: string;
  readonly token: string;
  readonly place: Place;
}

/** Who is signed in to the home page. It lives in this process's memory, and ends with it. */
export interface SignIns {
  /**
   * Null without the cookie of a sign-in at this place that was used in the last 15 minutes, and since which nobody was
   * added or removed. Being recognised is not a use.
   */
  recognise(cookies: string | undefined, place: Place, generation: number): SignIn | null;
  /** Starts the 15 minutes anew. Returns what was to be told, and the Set-Cookie header that does the same in the browser. */
  use(signIn: SignIn): { readonly notice: string | null; readonly cookie: string };
  /** What its next page says first. */
  tell(signIn: SignIn, notice: string): void;
  /**
   * Returns the Set-Cookie header. Beyond a handful, the one that was not used for the longest time ends.
   * @param generation the gate's, from before the proof
   */
  admit(approver: Approver, place: Place, generation: number): string;
  /** Returns the Set-Cookie header that takes it from the browser too. */
  end(signIn: SignIn): string;
}

interface Kept {
  readonly approver: Approver;
  readonly origin: string;
  readonly generation: number;
  readonly until: Deadline;
  readonly notice: string | null;
}

const idleMs = 15 * 60_000;
const most = 8;

export function createSignIns(clock: Clock, random: Random): SignIns {
  const csrf = createMac('agent-vault/home-csrf/v1', random.bytes(32));
  /** By the SHA-256 of their tokens; the one that was used last comes last. */
  const kept = new Map<string, Kept>();

  const keep = (token: string, held: Omit<Kept, 'until'>): void => {
    kept.delete(digest(token));
    kept.set(digest(token), { ...held, until: deadlineIn(clock, idleMs) });
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
  };

  const held = (token: string, place: Place, generation: number): Kept | null => {
    const found = kept.get(digest(token));
    if (found === undefined || found.origin !== place.origin) return null;
    if (found.generation === generation && !isOver(clock, found.until)) return found;
    kept.delete(digest(token));
    return null;
  };

  return {
    recognise(cookies, place, generation) {
      for (const token of cookieValues(cookies, nameAt(place))) {
        const found = held(token, place, generation);
        if (found !== null) return { approver: found.approver, csrf: csrf(token), token, place };
      }
      return null;
    },
    use({ token, place }) {
      const found = kept.get(digest(token));
      if (found !== undefined) keep(token, { ...found, notice: null });
      return { notice: found?.notice ?? null, cookie: cookie(token, place, idleMs / 1000) };
    },
    tell({ token }, notice) {
      const found = kept.get(digest(token));
      if (found !== undefined) keep(token, { ...found, notice });
    },
    admit(approver, place, generation) {
      const token = Buffer.from(random.bytes(32)).toString('base64url');
      keep(token, { approver, origin: place.origin, generation, notice: null });
      return cookie(token, place, idleMs / 1000);
    },
    end({ token, place }) {
      kept.delete(digest(token));
      return cookie('', place, 0);
    },
  };
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** With the port where it is not a host of our own: all ports of localhost share one set of cookies. */
function nameAt(place: Place): string {
  return cookieName(place.secure ? 'home' : `home-${new URL(place.origin).port}`, place);
}

function cookie(token: string, place: Place, seconds: number): string {
  return `${nameAt(place)}=${token}; ${cookieAttributes(place, '/', seconds)}`;
}
