import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver } from '../core/clock.ts';
import type { Occasion } from './define.ts';

export interface OpenCeremony {
  readonly occasion: Occasion;
  readonly body: string;
  readonly nonce: Uint8Array;
}

/** How long a challenge counts; milliseconds. */
export const ceremonyMs = 120_000;

/** Of one thing, so that whoever holds its link cannot push out the ceremonies of others. */
const mostOfOne = 20;
const mostOfPurpose = 300;

/** The challenges that were given out and not yet answered: a bounded number, each for two minutes and one answer. */
export class Ceremonies {
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #open = new Map<string, OpenCeremony & { readonly until: Deadline }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(id: string, ceremony: OpenCeremony): void {
    const { purpose, about } = ceremony.occasion;
    this.#prune();
    this.#keep(mostOfOne - 1, (other) => other.purpose === purpose && other.about === about);
    this.#keep(mostOfPurpose - 1, (other) => other.purpose === purpose);
    this.#open.set(id, { ...ceremony, until: deadlineIn(this.#clock, ceremonyMs) });
  }

  /** Uses it up, also where it then does not fit: null if it is another occasion's, too late, or none. */
  take(id: string, occasion: Occasion): OpenCeremony | null {
    const ceremony = this.#open.get(id);
    this.#open.delete(id);
    if (ceremony === undefined || isOver(this.#clock, ceremony.until)) return null;
    return isSame(ceremony.occasion, occasion) ? ceremony : null;
  }

  get size(): number {
    return this.#open.size;
  }

  #prune(): void {
    for (const [id, { until }] of this.#open) if (isOver(this.#clock, until)) this.#open.delete(id);
  }

  #keep(most: number, which: (occasion: Occasion) => boolean): void {
    const ids = [...this.#open].filter(([, { occasion }]) => which(occasion)).map(([id]) => id);
    for (const id of ids.slice(0, Math.max(0, ids.length - most))) this.#open.delete(id);
  }
}

function isSame(a: Occasion, b: Occasion): boolean {
  return a.purpose === b.purpose && a.about === b.about && a.origin === b.origin;
}
