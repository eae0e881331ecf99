import type { Approvals } from './approvals.ts';
import type { Clock } from './clock.ts';
import { asVaultError } from './errors.ts';
import type { LiveRequest, WaitEnd } from './live-request.ts';
import type { Ending } from './outcome.ts';
import type { Call, Doorway, Link } from './ports.ts';
import { shown } from './input.ts';

/** Requests of one session of which the person is told at the same time. */
const mostAnnounced = 3;

/** One call's wait for a person: makes the link, announces it, and blocks no longer than the call may. */
export class Waiting {
  readonly #approvals: Approvals;
  readonly #doorway: Doorway;
  readonly #clock: Clock;
  readonly #announced = new WeakSet<LiveRequest>();

  constructor(options: { approvals: Approvals; doorway: Doorway; clock: Clock }) {
    this.#approvals = options.approvals;
    this.#doorway = options.doorway;
    this.#clock = options.clock;
  }

  /** @param deadline by the monotonic clock, milliseconds */
  async on(request: LiveRequest, call: Call, deadline: number): Promise<WaitEnd> {
    const waiting = this.#approvals.wait(request, { signal: call.signal, budgetMs: this.left(deadline) });
    const announcing = this.#announce(request, call).catch((thrown: unknown) => this.#fail(request, thrown));
    try {
      return await waiting;
    } finally {
      // It may still be under way; then it stops as soon as it has begun.
      void announcing.then((stop) => stop());
    }
  }

  /** Milliseconds this call may still block. */
  left(deadline: number): number {
    return Math.max(0, deadline - this.#clock.monotonic());
  }

  /** What a wait that ended without an approval means for the call; throws what failed. */
  outcome(end: Exclude<WaitEnd, { kind: 'approved' }>, request: LiveRequest, call: Call): Ending {
    if (end.kind === 'failed') throw end.error;
    if (end.kind === 'budget') return pending(request, false);
    if (end.kind === 'aborted') return this.#aborted(request, call);
    return endOf(end.request);
  }

  #aborted(request: LiveRequest, call: Call): Ending {
    if (call.cancelledByPerson() && request.waiters.size === 0)
      this.#approvals.withdraw(request, 'cancelled in the client');
    return { status: 'withdrawn', requestId: request.id };
  }

  /** Returns what to call when the wait is over. */
  async #announce(request: LiveRequest, call: Call): Promise<() => void> {
    await request.ready;
    const link = await this.#doorway.link(request.id, request.expiry.wall);
    if (request.state !== 'pending') return nothing;
    const quiet = !this.#announced.has(request) && this.#told(request).length >= mostAnnounced;
    const stop = this.#tell(request, { call, link, quiet });
    return quiet ? this.#later(request, { call, link, stop }) : stop;
  }

  /**
   * Told after all once those on whose pages it stands have ended, and nobody has decided one of them: a decision's page leads on.
   * Returns what to call when the wait is over.
   */
  #later(request: LiveRequest, { call, link, stop }: Quiet): () => void {
    let stopTelling = stop;
    const ahead = new Set(this.#told(request));
    const look = async (): Promise<void> => {
      // Several may end at once, this one among them.
      await Promise.resolve();
      const waiting = this.#told(request);
      for (const other of waiting) ahead.add(other);
      const isLedTo = waiting.length > 0 || [...ahead].some(({ decision }) => decision !== undefined);
      if (request.state !== 'pending' || isLedTo) return;
      stopLooking();
      stopTelling();
      stopTelling = this.#tell(request, { call, link, quiet: false });
    };
    const stopLooking = this.#approvals.onChange(
      () => void look().catch((thrown: unknown) => this.#fail(request, thrown)),
    );
    return () => {
      stopLooking();
      stopTelling();
    };
  }

  /** Nobody can be told of it. */
  #fail(request: LiveRequest, thrown: unknown): () => void {
    const error = asVaultError(thrown, 'approval_unavailable', 'the approval page could not be started');
    this.#approvals.fail(request, error);
    return nothing;
  }

  #tell(request: LiveRequest, { call, link, quiet }: Telling): () => void {
    const first = !this.#announced.has(request);
    if (!quiet) this.#announced.add(request);
    const withdraw = (): void => this.#approvals.withdraw(request, 'declined in the client');
    return call.announce({
      ...link,
      requestId: request.id,
      summary: summary(request),
      expiresAt: request.expiry.wall,
      code: request.policy.confirm === 'code' ? request.code : null,
      first,
      quiet,
      withdraw,
    });
  }

  /** Requests of this session that still wait and of which the person was told: the others stand on the pages of these. */
  #told({ session }: LiveRequest): LiveRequest[] {
    return this.#approvals.openOf(session.id).filter((open) => this.#announced.has(open));
  }
}

interface Telling {
  readonly call: Call;
  readonly link: Link;
  readonly quiet: boolean;
}

interface Quiet {
  readonly call: Call;
  readonly link: Link;
  /** Ends what was told quietly. */
  readonly stop: () => void;
}

/** What a call gets that may not block any longer. */
export function pending(request: LiveRequest, underWay: boolean): Ending {
  return { status: 'pending', requestId: request.id, expiresAt: request.expiry.wall, underWay };
}

/** The outcome of a request that ended without an approval. */
export function endOf(request: LiveRequest): Ending {
  if (request.state === 'denied')
    return { status: 'denied', requestId: request.id, note: request.decision?.note ?? null };
  return { status: request.state === 'expired' ? 'expired' : 'withdrawn', requestId: request.id };
}

/** "read DATABASE_URL and 2 more from vault local". */
function summary({ operation, names, vault }: LiveRequest): string {
  const first = shown(names[0]?.title ?? names[0]?.name ?? '');
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return `${operation} ${first}${more} ${operation === 'read' ? 'from' : 'to'} vault ${shown(vault)}`;
}

function nothing(): void {
  // Nobody was told, so nothing has to stop.
}
