import type { AuditRow, CommittedRow, DecisionRecord } from './audit-row.ts';
import type { Choice, Draft, DraftRefusal } from './choice.ts';
import type { Proposal } from './policies.ts';
import type { VaultPolicy } from './policy.ts';
import type {
  AskedName,
  Decision,
  Entry,
  Operation,
  PlannedWrite,
  Proof,
  RequestId,
  RequestState,
  Scope,
  Session,
} from './request.ts';
import type { Secret } from './secret.ts';
import type { VaultError } from './errors.ts';

/** Says things to the operator, on stderr. Callers pass our own words; whatever they quote is made harmless and one line. */
export interface Log {
  /** Something a person waits for: the link. */
  say(message: string): void;
  warn(message: string, hint?: string): void;
  /** Like `warn`, but each text only once per process. */
  once(message: string, hint?: string): void;
}

export interface Random {
  /** A new identifier of at least 120 random bits, URL-safe. */
  id(): string;
  bytes(length: number): Uint8Array;
}

/** The audit log. */
export interface AuditLog {
  /**
   * Commits all rows, and the decision, in one transaction that is on disk when the promise resolves; in the order of the calls.
   * Rejects with `audit_unavailable` when it cannot: then nothing was written and the effect must not happen.
   */
  append(rows: readonly AuditRow[], decision?: DecisionRecord): Promise<readonly CommittedRow[]>;
  close(): Promise<void>;
}

/** What a provider may use while it answers. */
export interface ProviderCall {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * Where values live. Every method may throw a VaultError in our own words (`provider_unavailable`, `provider_refused`,
 * `provider_limited`, ...); a foreign error's text never goes into its message. Opening a provider contacts nothing.
 */
export interface Provider {
  /** Every secret there is, without values, in a stable order. */
  list(call: ProviderCall): Promise<readonly Entry[]>;
  /** One answer per name, in order; null means "no such name". Never decrypts. Throws `secret_ambiguous` if a name means several. */
  resolve(names: readonly string[], call: ProviderCall): Promise<readonly (Entry | null)[]>;
  /** The values, one per entry, in order. If one cannot be had, throws, names it in the message, and gives none. */
  fetch(entries: readonly Entry[], call: ProviderCall): Promise<readonly Secret[]>;
  /** Absent where the provider cannot write. */
  readonly writer?: Writer;
  close(): Promise<void>;
}

export interface Writer {
  /**
   * Checks, before anybody is asked, what can be checked without decrypting, and says for each whether it creates or replaces.
   * Throws `value_unwritable` with the reason (never the value) if one cannot be written. Changes nothing.
   */
  plan(
    writes: readonly { readonly name: string; readonly value: Secret }[],
    call: ProviderCall,
  ): Promise<readonly PlannedWrite[]>;
  /**
   * Writes them all. Throws `secret_changed`, having written nothing, if an effect is no longer what was planned, and so for
   * whatever only the content shows. If it fails half-way it undoes what it did; the error's message says exactly what remains.
   * When `signal` aborts it stops, undoes, and rejects within 0.7 seconds.
   */
  write(writes: readonly PlannedWrite[], call: ProviderCall): Promise<void>;
}

/** A named set of secrets with its policy. A vault that cannot work holds the reason instead of a provider. */
export interface Vault {
  readonly name: string;
  /** The provider's type, for people: "env", "1password". */
  readonly type: string;
  readonly policy: VaultPolicy;
  readonly provider: Provider | VaultError;
}

/** Makes a port of this machine reachable. */
export interface Tunnel {
  readonly type: string;
  /**
   * Rejects with `tunnel_unavailable`, in our words, within its own time-out.
   * @param port on loopback
   */
  connect(port: number): Promise<OpenTunnel>;
}

export interface OpenTunnel {
  /** The public origin now ("https://host", without a slash at its end); null while it is down. May change after a drop. */
  origin(): string | null;
  /** Why it is down now, in our words; null if it is not, or cannot tell. */
  outage?(): string | null;
  close(): Promise<void>;
}

/** Carries committed rows to whoever watches. Called after the commit; never throws, never blocks. */
export interface EventSink {
  committed(rows: readonly CommittedRow[]): void;
  /** Waits for what is under way, at most `ms`. */
  flush(ms: number): Promise<void>;
}

/** A request as the approval pages see it. */
export interface RequestView {
  readonly id: RequestId;
  readonly state: RequestState;
  readonly operation: Operation;
  readonly vault: string;
  readonly vaultType: string;
  readonly names: readonly AskedName[];
  readonly reason: string;
  readonly session: Session;
  /** The longest window that an approval can open by the policy in force; 0 means that every read asks. */
  readonly windowMs: number;
  /** The widest that it can cover; `vault` leaves the choice of `secret`. */
  readonly scope: Scope;
  /** Wall clock, milliseconds. */
  readonly openedAt: number;
  readonly expiresAt: number;
  /** Milliseconds left by whichever clock is further; 0 once it has expired. */
  readonly remainingMs: number;
  /** Whether the two digits at the terminal must be typed to approve. */
  readonly needsCode: boolean;
  /** What of the config an approval also accepts, unless the person says otherwise; null if there is nothing to accept. */
  readonly proposal: ProposalView | null;
  /** Other requests of this session that can be decided now, oldest first. */
  readonly others: readonly RequestId[];
  /** Milliseconds for which the names of this denied request are refused without asking; 0 if they are not. */
  readonly coolingMs: number;
  readonly decision?: Decision;
}

/** With the longest and widest window that this request could open if the proposal were accepted. */
export interface ProposalView extends Proposal {
  readonly windowMs: number;
  readonly scope: Scope;
}

/**
 * `recorded`: this call decided. `ended`: something else had ended it before. `unrecorded`: the log failed; it is still pending.
 * `changed`: the policy or the config is another by now than when the draft was made; it is still pending.
 */
export type DecideResult = 'recorded' | 'ended' | 'unrecorded' | 'unknown' | 'changed';

/** What the approval pages may do. */
export interface Desk {
  view(id: RequestId): RequestView | null;
  /** Looks at the config first. Three wrong codes end the request. */
  draft(id: RequestId, choice: Choice): Promise<Draft | DraftRefusal>;
  /** Moves the state once. The caller has proved the approver, who has seen what the draft says. */
  decide(draft: Draft, proof: Proof): Promise<DecideResult>;
  /** Withdraws a request that nobody should go on trying to approve. `cause` is for the log, in our own words. */
  end(id: RequestId, cause: string): void;
  /** Lets the names of a denied request be asked for again, and its session ask. False if they could be already. */
  lift(id: RequestId): Promise<boolean>;
}

/** The way to one request's page. */
export interface Link {
  readonly url: string;
  /** Why the link is not what the operator may expect (no tunnel), for the person. */
  readonly note?: string;
}

/** Makes links; starts the approval server and the tunnel when the first one is needed. */
export interface Doorway {
  /** Rejects with `approval_unavailable` if no page can be served. */
  link(id: RequestId, expiresAtWall: number): Promise<Link>;
  close(): Promise<void>;
}

/** What reaches the person (never the model) when a call has to wait for them. */
export interface Announcement extends Link {
  readonly requestId: RequestId;
  readonly summary: string;
  readonly expiresAt: number;
  /** Two digits that the person must type on the page; null where a tap is enough. */
  readonly code: string | null;
  /** Not to be told: enough requests of this session are with the person already. */
  readonly quiet: boolean;
  /** False for a repeat of a call whose request was announced before. */
  readonly first: boolean;
  /** The person said no to the link itself: withdraws the request. */
  withdraw(): void;
}

/** The call's side of a request: how long it may block, and how the link travels. */
export interface Call {
  readonly signal: AbortSignal;
  /** Whether the abort means that a person cancelled (then the request is withdrawn), not that a client gave up waiting. */
  cancelledByPerson(): boolean;
  /** Milliseconds this call may block; Infinity waits for the request's own expiry. */
  readonly budgetMs: number;
  /** Returns what to call when the wait is over, however it ended. */
  announce(announcement: Announcement): () => void;
}
