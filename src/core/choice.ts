import type { RequestId, Scope } from './request.ts';

/** What a person chose on the page of a request. Nothing in it is proved, and whatever goes beyond the policy is cut down to it. */
export interface Choice {
  readonly approve: boolean;
  /** Ids of the entries that are approved; null for all. With a window on the whole vault it must be null. */
  readonly names: readonly string[] | null;
  /** How long repeat reads pass without asking, in milliseconds; 0 for this once. */
  readonly windowMs: number;
  /** What the window covers. */
  readonly scope: Scope;
  /** A denial's message to the agent. */
  readonly note: string | null;
  /** With a denial: the session may not ask again for an hour. */
  readonly mute: boolean;
  /** The two digits that stand at the terminal, where the vault asks for them. */
  readonly code: string | null;
  /** The digest of the config's changes that are accepted with it; null accepts none. */
  readonly config: string | null;
}

/** Approve or deny, and nothing else chosen. */
export function plainChoice(approve: boolean): Choice {
  return { approve, names: null, windowMs: 0, scope: 'secret', note: null, mute: false, code: null, config: null };
}

/** A decision that is ready to be proved: `body` is what a passkey signs, in RFC 8785 form. */
export interface Draft {
  readonly request: RequestId;
  /** Cut down to what the policy allows. */
  readonly choice: Choice;
  readonly body: string;
  /** SHA-256 in hex of the policy under which it was made. */
  readonly policy: string;
}

/**
 * Why a choice cannot become a decision. `ended`, `unknown`: there is nothing to decide (any more). `invalid`: it does not fit the
 * request. `code`: other digits than those at the terminal. `changed`: the config is another by now than the page showed.
 */
export type DraftRefusal = 'ended' | 'unknown' | 'invalid' | 'code' | 'changed';
