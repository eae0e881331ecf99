import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver } from '../core/clock.ts';

/**
 * `open`: the code waits. `begun`: a browser has used it. `checking`, `storing`: for a moment. `shown`: both screens show the
 * fingerprint. The others are ends.
 */
export type PairingState =
  'open' | 'begun' | 'checking' | 'shown' | 'storing' | 'stored' | 'failed' | 'cancelled' | 'expired';

/** Milliseconds that the code waits, and again that there are for the rest once it was used. */
export const pairingMs = 300_000;

const ends: ReadonlySet<PairingState> = new Set(['stored', 'failed', 'cancelled', 'expired']);

/** Where a pairing stands. A step that does not start where it stands does not happen, so each happens once. */
export class PairingLife {
  readonly #clock: Clock;
  #state: PairingState = 'open';
  #until: Deadline;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#until = deadlineIn(clock, pairingMs);
  }

  state(): PairingState {
    if (!ends.has(this.#state) && this.#state !== 'storing' && isOver(this.#clock, this.#until))
      this.#state = 'expired';
    return this.#state;
  }

  step(from: PairingState, to: PairingState): boolean {
    if (this.state() !== from) return false;
    if (from === 'open') this.#until = deadlineIn(this.#clock, pairingMs);
    this.#state = to;
    return true;
  }

  /** What is being stored is past stopping. */
  end(as: 'failed' | 'cancelled'): void {
    const state = this.state();
    if (!ends.has(state) && state !== 'storing') this.#state = as;
  }

  async storing(work: Promise<unknown>): Promise<void> {
    try {
      await work;
      this.#state = 'stored';
    } catch (thrown) {
      this.#state = 'failed';
      throw thrown;
    }
  }
}
