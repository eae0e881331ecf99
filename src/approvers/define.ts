import type { Json } from '../core/canonical.ts';
import type { Approver, Proof } from '../core/request.ts';
import type { Approvers } from './records.ts';

/** Who can decide at one place (an origin, as the browser sees it) at this moment. */
export interface Ways {
  /** Nobody was ever paired: holding the link is enough. */
  readonly link: boolean;
  /** An authenticator app is paired, and its code counts here. */
  readonly totp: boolean;
  /** A passkey is paired, and counts here. */
  readonly passkey: boolean;
  /** What the page says about how much a decision here proves, or why none can be made, in plain sentences of ours. */
  readonly says: string;
  /** The address at which a paired passkey counts now, where this is another; null otherwise. The same link works there. */
  readonly elsewhere: string | null;
}

/** Why something was not proved. `says` is in our own words, for the page. */
export interface Unproved {
  readonly proved: false;
  readonly says: string;
  /** Whether what it was for must end: too many wrong codes. */
  readonly ends: boolean;
}

export interface Proved extends Proof {
  readonly proved: true;
}

/** A passkey ceremony that has begun. */
export interface Ceremony {
  readonly proved: null;
  /** Names the ceremony when its answer comes. */
  readonly id: string;
  /** `PublicKeyCredentialRequestOptionsJSON`, for the browser. */
  readonly options: Json;
}

/** What a signature is for: one made for one purpose never counts for another. */
export type Purpose = 'decision' | 'home' | 'approvers';

/** What is being proved, where. */
export interface Occasion {
  readonly purpose: Purpose;
  /** The request's id, or what else it is about: a ceremony for one thing does not count for another. */
  readonly about: string;
  /** Where the page is served from, as the browser sees it: "https://host". */
  readonly origin: string;
}

/** Proves who decides. Reads the paired approvers afresh each time; where they cannot be read, nothing is proved. */
export interface Gate {
  ways(origin: string): Promise<Ways>;
  /** Another number whenever who may approve has changed; null where it cannot be read. What was proved under another counts no more. */
  generation(): Promise<number | null>;
  /** Counts only while nobody was ever paired. */
  byLink(): Promise<Proved | Unproved>;
  /** RFC 6238. Wrong codes are counted for the occasion and for the approver, also across restarts. */
  byCode(occasion: Occasion, code: string): Promise<Proved | Unproved>;
  /** Mints a challenge over `body`. It counts once, here, for this occasion, for two minutes. */
  begin(occasion: Occasion, body: string): Promise<Ceremony | Unproved>;
  /** Uses up the ceremony, then verifies. @param response the browser's answer (`AuthenticationResponseJSON`) as JSON text */
  byPasskey(occasion: Occasion, id: string, response: string): Promise<Proved | Unproved>;
}

/** Where something is to be proved. */
export interface Place {
  /** Of the page, as the browser sees it: "https://host". */
  readonly origin: string;
  /** At which this process itself is reachable; null while its tunnel is down. */
  readonly publicOrigin: string | null;
}

/** A way of proving who decides. */
export interface Factor {
  readonly factor: Approver['factor'];
  /** What forging it takes: 0 seeing the link, 1 reading the vault's files, 2 writing them. */
  readonly strength: number;
  /** What a person needs for it: "your passkey". */
  readonly takes: string;
  /** Whether these approvers can prove themselves by it at this place. */
  counts(approvers: Approvers, place: Place): boolean;
}

export function defineFactor(factor: Factor): Factor {
  return factor;
}

/** Nothing was proved, and what it was for can go on. */
export function unproved(says: string, ends = false): Unproved {
  return { proved: false, says, ends };
}
