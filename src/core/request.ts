import type { Deadline } from './clock.ts';
import type { Secret } from './secret.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type SessionId = Branded<'SessionId'>;
export type RequestId = Branded<'RequestId'>;

/** Marks a text as an id of its kind. Says nothing about whether there is such a session or request. */
export function sessionId(text: string): SessionId {
  return text as SessionId;
}

export function requestId(text: string): RequestId {
  return text as RequestId;
}

export type Operation = 'read' | 'write';
export type Scope = 'secret' | 'vault';

/** One run of an agent's client. `agent` is the client's own word ("calls itself"), made visible; never proof of anything. */
export interface Session {
  readonly id: SessionId;
  readonly agent: string;
  readonly folder: string;
  /** Of our own process, and the name of the machine (or container) that it runs on. */
  readonly pid: number;
  readonly host?: string;
}

/** A secret as a provider knows it, without its value. `id` is what approvals, windows and fetches are bound to. */
export interface Entry {
  readonly id: string;
  /** What the agent asked for. */
  readonly name: string;
  /** What the provider calls it, where `name` is not that (an ID, a reference): the person must see what is behind it. */
  readonly title?: string;
  /** Where the provider groups secrets: the group's identifier, and its title for people. */
  readonly group?: string;
  readonly groupTitle?: string;
  /** The id of the wider entry of which this is a part (an item of 1Password and its field). Approved by itself, it covers only itself. */
  readonly within?: string;
}

/** Whether one may be the other's value, or hold it: the same entry, or a whole and its part. */
export function overlap(one: Entry, other: Entry): boolean {
  return one.id === other.id || one.within === other.id || other.within === one.id;
}

/** One secret to be written: the entry it becomes, whether it exists already, and the value. */
export interface PlannedWrite extends Entry {
  readonly effect: 'create' | 'replace';
  readonly value: Secret;
}

/** What the approval page lists: names as shown, never a value. */
export interface AskedName extends Entry {
  readonly effect?: 'create' | 'replace';
  /** Masked, for writes. */
  readonly preview?: string;
}

/** Who decided, and what proved it. */
export interface Approver {
  readonly name: string;
  readonly factor: 'link' | 'totp' | 'passkey';
}

/** What shows that an approver decided. `assertion` is the factor's proof as JSON, where there is one that can be checked later. */
export interface Proof {
  readonly approver: Approver;
  readonly assertion: string | null;
}

/** A person's choice about one request. `until` is the end of the window it opens; absent when every read asks. */
export interface Decision {
  readonly approve: boolean;
  readonly approver: Approver;
  readonly at: Deadline;
  /** Ids of the entries that were approved. */
  readonly allowed: ReadonlySet<string>;
  /** What the window covers. */
  readonly scope: Scope;
  readonly until?: Deadline;
  readonly note?: string;
  /** Whether the config was approved along with it. */
  readonly config?: boolean;
  /** Whether the session may not ask for an hour. */
  readonly mute?: boolean;
}

export type RequestState =
  'opening' | 'pending' | 'deciding' | 'approved' | 'released' | 'lapsed' | 'denied' | 'expired' | 'withdrawn';

export type RequestStep =
  'opened' | 'decide' | 'undo' | 'approve' | 'deny' | 'expire' | 'withdraw' | 'release' | 'lapse';

/** The life of a request. A step that is not listed for a state does not exist. */
const life: Record<RequestState, Partial<Record<RequestStep, RequestState>>> = {
  opening: { opened: 'pending', withdraw: 'withdrawn' },
  pending: { decide: 'deciding', expire: 'expired', withdraw: 'withdrawn' },
  deciding: { undo: 'pending', approve: 'approved', deny: 'denied' },
  approved: { release: 'released', lapse: 'lapsed' },
  released: {},
  lapsed: {},
  denied: {},
  expired: {},
  withdrawn: {},
};

/** The state that a step leads to; null if the step is not possible. */
export function next(state: RequestState, step: RequestStep): RequestState | null {
  return life[state][step] ?? null;
}
