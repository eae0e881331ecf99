import type { Choice, Draft, DraftRefusal } from './choice.ts';
import type { Clock, Deadline } from './clock.ts';
import { deadlineIn, isoTime, isOver, plus, remaining } from './clock.ts';
import { closeWindows } from './closing.ts';
import { draftOf, fitsPolicy, isCurrent } from './drafting.ts';
import { asVaultError, VaultError } from './errors.ts';
import type { Claim, LiveRequest, NewRequest, WaitEnd } from './live-request.ts';
import { liveRequest, twoDigits, waitFor } from './live-request.ts';
import type { Policies } from './policies.ts';
import { recordDecision } from './recording.ts';
import type { Recording } from './recording.ts';
import { Repeating } from './repeating.ts';
import type { AuditLog, DecideResult, Desk, Log, Random, RequestView } from './ports.ts';
import type { Decision, Proof, RequestId, RequestStep, SessionId } from './request.ts';
import { next } from './request.ts';
import { isEnded, isOpen, Requests } from './requests.ts';
import { Restraint } from './restraint.ts';
import type { RestraintLimits } from './restraint.ts';
import { requestRows } from './rows.ts';
import type { Signal } from './signal.ts';
import { viewOf } from './view.ts';
import type { Window, Windows } from './windows.ts';

/** An approval waits for its agent until the request's expiry or this long after the decision, whichever is later. */
const pickUpMs = 120_000;
/** How long the pages can still say what became of a request that has ended. */
const rememberedMs = 15 * 60_000;
/** Both clocks are looked at this often while anything is open. */
const sweepMs = 1_000;
const maxOtherReasons = 5;
/** And no more of them than this, however many a client opens and takes back. */
const remembered = 1_000;

const mutedCause = 'the session was muted';
/** Of the two digits at the terminal. */
const maxWrongCodes = 3;

export interface ApprovalLimits extends RestraintLimits {
  readonly expiresInMs: number;
  readonly maxOpen: number;
}

export interface ApprovalsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: AuditLog;
  readonly log: Log;
  readonly windows: Windows;
  readonly policies: Policies;
  /** As they are at the moment. */
  readonly limits: () => ApprovalLimits;
  /** Told whenever a request was opened, or its state is another. */
  readonly changed: Signal;
}

/** The life of every request: opened once, joined by repeats, decided once, picked up or lapsed. All of it in memory. */
export class Approvals implements Desk {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #audit: AuditLog;
  readonly #log: Log;
  readonly #windows: Windows;
  readonly #recording: Recording;
  readonly #policies: Policies;
  readonly #limits: () => ApprovalLimits;
  readonly #changed: Signal;
  readonly #closeWindows: (fits: (window: Window) => boolean, cause: string) => Promise<unknown>;
  readonly #restraint: Restraint;
  readonly #requests = new Requests();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #sweeper: Repeating;
  readonly #gone = new Set<SessionId>();
  #closed = false;

  constructor(options: ApprovalsOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#audit = options.audit;
    this.#log = options.log;
    this.#windows = options.windows;
    this.#recording = options;
    this.#policies = options.policies;
    this.#limits = options.limits;
    this.#changed = options.changed;
    this.#closeWindows = (fits, cause) => closeWindows(fits, { ...options, cause });
    this.#restraint = new Restraint(options.clock, options.limits);
    this.#sweeper = new Repeating(options.clock, { due: () => this.#due(), run: () => this.#sweep() });
  }

  /**
   * Opens a request and commits its rows `requested`; `ready` tells how that went. Throws `too_many_requests`, `denied_recently`,
   * `session_muted`, `closing`.
   */
  open(asked: NewRequest): LiveRequest {
    this.checkRoom(asked.session.id);
    this.#restraint.check(asked);
    const openedAt = deadlineIn(this.#clock, 0);
    const { expiresInMs } = this.#limits();
    const request = liveRequest(asked, { id: this.#random.id(), openedAt, expiresInMs, code: twoDigits(this.#random) });
    this.#restraint.count(asked.session.id);
    this.#requests.forgetOldest(this.#limits().maxOpen + remembered);
    this.#requests.add(request);
    request.ready = this.#commitOpening(request);
    request.ready.catch(() => undefined);
    this.#sweeper.start();
    return request;
  }

  /** Throws what `open` would throw for any request of this session. */
  checkRoom(session: SessionId): void {
    if (this.#closed || this.#gone.has(session)) throw new VaultError('closing', 'this session has ended');
    this.#restraint.checkSession(session);
    const { maxOpen } = this.#limits();
    if (this.#requests.all(isOpen).length < maxOpen) return;
    const message = `${maxOpen} requests are waiting for the person already; wait for an answer`;
    throw new VaultError('too_many_requests', message);
  }

  /** The request that a call with this key joins; null if there is none. Notes the reason if it is another one. */
  join(key: string, reason: string): LiveRequest | null {
    this.#sweep();
    const [request] = this.#requests.all((candidate) => candidate.key === key && isOpen(candidate));
    if (request === undefined) return null;
    if (reason !== request.reason && request.otherReasons.size < maxOtherReasons) request.otherReasons.add(reason);
    return request;
  }

  /** Approvals with this key that no call holds yet: each can be claimed once. */
  claims(key: string): Claim[] {
    this.#sweep();
    return this.#requests
      .all((request) => request.key === key && request.unclaimed)
      .map((request) => this.#claim(request));
  }

  /** Approvals of one entry whose name turned out to mean several fields, one of which is asked for now. */
  narrowed(session: SessionId, vault: string, within: string): Claim[] {
    this.#sweep();
    const fits = (request: LiveRequest): boolean =>
      request.narrowing &&
      request.unclaimed &&
      request.session.id === session &&
      request.vault === vault &&
      request.names.some((name) => name.id === within);
    return this.#requests.all(fits).map((request) => this.#claim(request));
  }

  /** A denial or expiry that no call has heard of yet. Told once. */
  untold(key: string): LiveRequest | null {
    this.#sweep();
    const [request] = this.#requests.all((candidate) => candidate.key === key && candidate.untold);
    if (request === undefined) return null;
    request.untold = false;
    return request;
  }

  /** Waits until the request ends, the budget is spent or the call is aborted. Every call that waits at an approval gets a claim. */
  wait(request: LiveRequest, options: { signal: AbortSignal; budgetMs: number }): Promise<WaitEnd> {
    return isOpen(request)
      ? waitFor(request, { ...options, clock: this.#clock })
      : Promise.resolve({ kind: 'withdrawn', request });
  }

  /** Requests of a session that wait for a person, oldest first. */
  openOf(session: SessionId): LiveRequest[] {
    return this.#requests.all((request) => request.session.id === session && isOpen(request));
  }

  /** Tells whenever a request was opened, or its state is another. Returns the way to stop it. */
  onChange(tell: () => void): () => void {
    return this.#changed.listen(tell);
  }

  view(id: RequestId): RequestView | null {
    this.#sweep();
    const request = this.#requests.get(id);
    return request === undefined || request.state === 'opening' ? null : this.#view(request);
  }

  /** Those that fit, oldest first. */
  views(fits: (request: LiveRequest) => boolean): RequestView[] {
    this.#sweep();
    return this.#requests
      .all((request) => request.state !== 'opening' && fits(request))
      .map((request) => this.#view(request));
  }

  /** The last that were decided, newest first. */
  decided(most: number): RequestView[] {
    const at = ({ decision }: LiveRequest): number => decision?.at.wall ?? 0;
    const last = this.#requests.all(({ decision }) => decision !== undefined).sort((a, b) => at(b) - at(a));
    return last.slice(0, most).map((request) => this.#view(request));
  }

  async draft(id: RequestId, choice: Choice): Promise<Draft | DraftRefusal> {
    await this.#policies.look();
    this.#sweep();
    const request = this.#requests.get(id);
    if (request === undefined) return 'unknown';
    if (choice.approve && !fitsPolicy(request, this.#policies))
      this.withdraw(request, 'the policy of the vault has changed');
    if (request.state !== 'pending') return 'ended';
    const draft = draftOf(request, choice, this.#policies, this.#clock.wall());
    if (draft === 'code') this.#wrongCode(request);
    return draft;
  }

  async decide(draft: Draft, proof: Proof): Promise<DecideResult> {
    await this.#policies.look();
    this.#sweep();
    const request = this.#requests.get(draft.request);
    if (request === undefined) return 'unknown';
    if (draft.choice.approve && !isCurrent(draft, this.#policies)) return 'changed';
    if (!this.#step(request, 'decide')) return 'ended';
    return this.#tracked(this.#record(request, draft, proof));
  }

  end(id: RequestId, cause: string): void {
    const request = this.#requests.get(id);
    if (request !== undefined) this.withdraw(request, cause);
  }

  async lift(id: RequestId): Promise<boolean> {
    const request = this.#requests.get(id);
    if (request?.decision === undefined || this.#coolingMs(request) === 0) return false;
    // What could be asked for anew without a row would leave the denial before it without an explanation.
    await this.#audit.append(requestRows(request, 'lifted', this.#clock.wall()));
    this.#restraint.lift(denied(request));
    this.#changed.tell();
    return true;
  }

  /** Ends a request that nobody has decided. `cause` is for the log; it is in our own words. */
  withdraw(request: LiveRequest, cause: string): void {
    if (request.state === 'deciding') request.leaving = cause;
    if (!this.#step(request, 'withdraw')) return;
    this.#wake(request, { kind: 'withdrawn', request });
    this.#note(request, 'withdrawn', { cause });
  }

  /** Ends a request whose page cannot be shown: every waiting call fails with the error. */
  fail(request: LiveRequest, error: VaultError): void {
    if (!this.#step(request, 'withdraw')) return;
    this.#wake(request, { kind: 'failed', error });
    this.#note(request, 'withdrawn', { cause: error.failure });
  }

  /** Ends everything of a session that is gone. */
  endSession(session: SessionId, cause: string): void {
    this.#gone.add(session);
    this.#restraint.forget(session);
    for (const request of this.#requests.all((candidate) => candidate.session.id === session))
      this.#end(request, cause);
  }

  /** Ends every request; resolves when all rows are committed or have failed. Nothing can be opened or decided afterwards. */
  async close(cause: string): Promise<void> {
    this.#closed = true;
    this.#sweeper.stop();
    for (const request of this.#requests.all()) this.#end(request, cause);
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }

  async #commitOpening(request: LiveRequest): Promise<void> {
    try {
      // By the process and its machine, whoever starts next can tell that nobody will end this request any more.
      const { pid, host = '' } = request.session;
      const detail = { tool: request.tool, expiresAt: isoTime(request.expiry.wall), pid, host };
      await this.#tracked(this.#audit.append(requestRows(request, 'requested', request.openedAt.wall, detail)));
    } catch (thrown) {
      const error = asVaultError(thrown, 'audit_unavailable', 'the audit log cannot be written');
      if (this.#step(request, 'withdraw')) this.#wake(request, { kind: 'failed', error });
      this.#requests.remove(request.id);
      throw error;
    }
    // A request that was withdrawn meanwhile stays so.
    this.#step(request, 'opened');
  }

  /** Commits the decision, then lets it take effect. A denial takes effect even if it cannot be recorded; an approval does not. */
  async #record(request: LiveRequest, draft: Draft, proof: Proof): Promise<DecideResult> {
    const decision = await recordDecision({ request, draft, proof }, this.#recording);
    if (decision === null) return this.#undo(request);
    request.decision = decision;
    request.pickUp = later(request.expiry, plus(decision.at, pickUpMs));
    this.#refuse(request, decision);
    if (decision.approve) this.#approve(request, decision);
    else this.#endUntold(request, 'deny');
    return 'recorded';
  }

  /** What was denied leaves every window and is not asked for again for a while. */
  #refuse(request: LiveRequest, { approve, allowed, mute = false }: Decision): void {
    const names = request.names.filter(({ id }) => !approve || !allowed.has(id));
    if (names.length === 0) return;
    this.#windows.except(request.vault, names);
    this.#restraint.denied({ ...request, names }, mute);
    if (mute) this.#mute(request);
  }

  /** The session gets nothing any more without having asked anew: what waits, what waits to be fetched, and its windows end. */
  #mute(request: LiveRequest): void {
    const isOther = (other: LiveRequest): boolean => other !== request && other.session.id === request.session.id;
    for (const other of this.#requests.all(isOther)) {
      this.withdraw(other, mutedCause);
      if (other.state === 'approved') this.#lapse(other, mutedCause);
    }
    void this.#tracked(this.#closeWindows(({ session }) => session.id === request.session.id, mutedCause));
  }

  /** Two digits can be guessed: not often. */
  #wrongCode(request: LiveRequest): void {
    request.wrongCodes += 1;
    if (request.wrongCodes >= maxWrongCodes) this.withdraw(request, `${maxWrongCodes} wrong codes`);
  }

  #view(request: LiveRequest): RequestView {
    const others = this.openOf(request.session.id).filter((other) => other !== request && other.state === 'pending');
    return viewOf(request, {
      clock: this.#clock,
      policies: this.#policies,
      others: others.map(({ id }) => id),
      coolingMs: this.#coolingMs(request),
    });
  }

  #coolingMs(request: LiveRequest): number {
    return request.decision === undefined ? 0 : this.#restraint.left(denied(request));
  }

  #undo(request: LiveRequest): DecideResult {
    this.#step(request, 'undo');
    if (request.leaving !== undefined) this.withdraw(request, request.leaving);
    this.#sweep();
    return 'unrecorded';
  }

  #approve(request: LiveRequest, decision: Decision): void {
    this.#step(request, 'approve');
    if (request.leaving !== undefined || this.#closed) return this.#lapse(request, request.leaving ?? 'closed');
    const waiters = [...request.waiters];
    request.unclaimed = waiters.length === 0;
    this.#perform(request);
    for (const wake of waiters) wake({ kind: 'approved', claim: this.#claim(request, decision) });
    this.#sweeper.start();
  }

  #claim(request: LiveRequest, decision = request.decision): Claim {
    if (decision === undefined) throw new VaultError('internal', 'an approval without a decision');
    request.unclaimed = false;
    request.held += 1;
    let done = false;
    const settle = (spend: boolean): void => {
      if (done) return;
      done = true;
      request.held -= 1;
      request.spent ||= spend;
      request.unclaimed = !request.spent && (request.state === 'approved' || request.work !== undefined);
      if (request.spent && request.held === 0) this.#step(request, 'release');
      this.#sweep();
    };
    const isGood = (): boolean => request.state === 'approved' && !this.#isOver(request.pickUp);
    return { request, decision, isGood, spend: () => settle(true), giveBack: () => settle(false) };
  }

  #perform(request: LiveRequest): void {
    const { perform } = request;
    if (perform === undefined) return;
    delete request.perform;
    this.#step(request, 'release');
    request.work = this.#tracked(perform(request));
    request.work.catch(() => undefined);
  }

  #end(request: LiveRequest, cause: string): void {
    this.withdraw(request, cause);
    request.untold = false;
    request.unclaimed = false;
    if (request.state === 'approved') this.#lapse(request, cause);
  }

  #lapse(request: LiveRequest, cause: string): void {
    request.unclaimed = false;
    if (!this.#step(request, 'lapse')) return;
    this.#wake(request, { kind: 'withdrawn', request });
    this.#note(request, 'lapsed', { cause });
  }

  /** Ends a request with an outcome that waiting calls hear now, or the next matching call hears once. */
  #endUntold(request: LiveRequest, step: 'deny' | 'expire'): void {
    if (!this.#step(request, step)) return;
    request.untold = request.waiters.size === 0 && request.leaving === undefined && !this.#closed;
    request.pickUp ??= deadlineIn(this.#clock, pickUpMs);
    this.#wake(request, { kind: step === 'deny' ? 'denied' : 'expired', request });
    if (step === 'expire') this.#note(request, 'expired', {});
  }

  /** Moves the state, if the table of `request.ts` allows it. */
  #step(request: LiveRequest, step: RequestStep): boolean {
    const state = next(request.state, step);
    if (state === null) return false;
    request.state = state;
    this.#changed.tell();
    if (state === 'denied' || state === 'expired' || state === 'withdrawn' || state === 'lapsed')
      delete request.perform;
    return true;
  }

  #wake(request: LiveRequest, end: WaitEnd): void {
    for (const wake of [...request.waiters]) wake(end);
  }

  /** Writes down an end that takes nothing from anybody: it holds even if the log cannot be written. */
  #note(request: LiveRequest, action: 'withdrawn' | 'expired' | 'lapsed', detail: { cause?: string }): void {
    const written = this.#audit.append(requestRows(request, action, this.#clock.wall(), detail));
    this.#tracked(written).catch(() => {
      this.#log.warn(`request ${request.id} is ${action}, which could not be written to the audit log`);
    });
  }

  #tracked<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    const done = (): boolean => this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** Ends what either clock says is over. */
  #sweep(): void {
    for (const request of this.#requests.all()) {
      if (request.state === 'pending' && isOver(this.#clock, request.expiry)) this.#endUntold(request, 'expire');
      if (this.#isOver(request.pickUp)) this.#pickUpOver(request);
      if (isEnded(request) && isOver(this.#clock, plus(request.expiry, rememberedMs)))
        this.#requests.remove(request.id);
    }
  }

  #isOver(deadline: Deadline | undefined): boolean {
    return deadline !== undefined && isOver(this.#clock, deadline);
  }

  #pickUpOver(request: LiveRequest): void {
    request.untold = false;
    if (request.held > 0) return;
    if (request.state === 'approved') this.#lapse(request, 'not picked up in time');
    else request.unclaimed = false;
  }

  /** Milliseconds until something ends by itself; null if nothing will. */
  #due(): number | null {
    // What is being written down or fetched ends by itself, and is looked at then.
    const waiting = this.#requests.all(
      ({ state, held }) => state === 'pending' || (state === 'approved' && held === 0),
    );
    const due = waiting.map((request) => remaining(this.#clock, request.pickUp ?? request.expiry));
    return this.#requests.size === 0 ? null : Math.min(sweepMs, ...due);
  }
}

/** What of a decided request was refused. */
function denied(request: LiveRequest): LiveRequest {
  const allowed = request.decision?.allowed;
  return { ...request, names: request.names.filter(({ id }) => allowed?.has(id) !== true) };
}

function later(a: Deadline, b: Deadline): Deadline {
  return a.monotonic > b.monotonic ? a : b;
}
