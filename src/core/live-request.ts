import type { Clock, Deadline } from './clock.ts';
import { plus } from './clock.ts';
import type { VaultError } from './errors.ts';
import type { VaultPolicy } from './policy.ts';
import type { Random } from './ports.ts';
import type { AskedName, Decision, Operation, RequestId, RequestState, Session } from './request.ts';
import { requestId } from './request.ts';

/** What `Approvals.open` needs to know about a request. */
export interface NewRequest {
  /** Calls with the same key mean the same request. */
  readonly key: string;
  readonly session: Session;
  readonly operation: Operation;
  /** The tool the call came through. */
  readonly tool: string;
  readonly vault: string;
  readonly vaultType: string;
  readonly policy: VaultPolicy;
  readonly names: readonly AskedName[];
  readonly reason: string;
  /** For writes: carried out once, as soon as the approval is committed. Holds the values, and is dropped when it cannot come to that. */
  perform?: (request: LiveRequest) => Promise<void>;
}

/** How a wait ended for one call. A call that waited at the moment of approval holds a claim of its own. */
export type WaitEnd =
  | { readonly kind: 'approved'; readonly claim: Claim }
  | { readonly kind: 'denied' | 'expired' | 'withdrawn'; readonly request: LiveRequest }
  | { readonly kind: 'failed'; readonly error: VaultError }
  | { readonly kind: 'budget' }
  | { readonly kind: 'aborted' };

/** A request while the broker still cares about it. Only `Approvals` changes it. */
export interface LiveRequest extends NewRequest {
  readonly id: RequestId;
  readonly openedAt: Deadline;
  readonly expiry: Deadline;
  /** Two digits for the person to carry from the terminal to the page, where the vault's policy wants it. */
  readonly code: string;
  /** Other digits that were typed. */
  wrongCodes: number;
  /** Settles when the rows `requested` are committed; rejects if they could not be. */
  ready: Promise<void>;
  state: RequestState;
  decision?: Decision;
  /** What its window counts from; see `Windows.open`. */
  decidedAt?: number;
  /** The moment after which an approval that nobody picked up has lapsed, or an outcome is not told any more. */
  pickUp?: Deadline;
  /** Reasons of joined calls that differ from the one the person sees. */
  readonly otherReasons: Set<string>;
  readonly waiters: Set<(end: WaitEnd) => void>;
  /** Whether the next matching call may claim the approval: nobody waited at the decision, or nobody who did could use it. */
  unclaimed: boolean;
  /** Whether a claim was spent. Then claims that are given back are void: once means once. */
  spent: boolean;
  /** Claims held by calls that are still fetching. */
  held: number;
  /** Whether the outcome (a denial, an expiry) still has to be told to the next call with this key. */
  untold: boolean;
  /** Set after a fetch that failed because the name meant several fields: one of them may then be read. */
  narrowing: boolean;
  /** The end this request goes to as soon as a decision under way allows it. */
  leaving?: string;
  /** For writes: settles when the write has been carried out, rejects with the VaultError if it was not. */
  work?: Promise<void>;
}

/** One call's right to the outcome of an approval. Spent at the release, or given back for a repeat of the call. */
export interface Claim {
  readonly request: LiveRequest;
  readonly decision: Decision;
  /** Whether it still counts: the session lives, and the time to pick it up is not over. */
  isGood(): boolean;
  spend(): void;
  giveBack(): void;
}

/** A request at the start of its life. */
export function liveRequest(
  asked: NewRequest,
  at: { id: string; openedAt: Deadline; expiresInMs: number; code: string },
): LiveRequest {
  return {
    ...asked,
    id: requestId(at.id),
    openedAt: at.openedAt,
    expiry: plus(at.openedAt, at.expiresInMs),
    code: at.code,
    wrongCodes: 0,
    ready: Promise.resolve(),
    state: 'opening',
    otherReasons: new Set(),
    waiters: new Set(),
    unclaimed: false,
    spent: false,
    held: 0,
    untold: false,
    narrowing: false,
  };
}

/** For the person to carry over. 256 is no multiple of 100; of 65,536 values, the bias is below 0.2 %. */
export function twoDigits(random: Random): string {
  const [first = 0, second = 0] = random.bytes(2);
  return String((first * 256 + second) % 100).padStart(2, '0');
}

/** Waits until somebody wakes the waiters of this request, the budget is spent or the call is aborted. */
export function waitFor(
  request: LiveRequest,
  { signal, budgetMs, clock }: { signal: AbortSignal; budgetMs: number; clock: Clock },
): Promise<WaitEnd> {
  const { promise, resolve } = Promise.withResolvers<WaitEnd>();
  const end = (result: WaitEnd): void => {
    request.waiters.delete(end);
    stopTimer();
    signal.removeEventListener('abort', onAbort);
    resolve(result);
  };
  const onAbort = (): void => end({ kind: 'aborted' });
  const stopTimer = Number.isFinite(budgetMs)
    ? clock.after(budgetMs, () => end({ kind: 'budget' }))
    : (): void => undefined;
  signal.addEventListener('abort', onAbort, { once: true });
  request.waiters.add(end);
  if (signal.aborted) onAbort();
  return promise;
}
