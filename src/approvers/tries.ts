import type { Occasion, Purpose } from './define.ts';
import type { PairedApp, Tries } from './records.ts';

/** So many wrong codes end what they were for, and start the delay. */
const freeTries = 5;

const firstDelayMs = 60_000;
const longestDelayMs = 3_600_000;

/** Milliseconds until a code is looked at. A block that is further off than the longest was made before the clock was set back. */
export function blockedMs(app: PairedApp, purpose: Purpose, wall: number): number {
  const { blockedUntil } = triesOf(app, purpose);
  const left = blockedUntil === null ? 0 : Date.parse(blockedUntil) - wall;
  return left > 0 && left <= longestDelayMs ? left : 0;
}

/** After a wrong code: from the fifth in a row on a delay that doubles from a minute to an hour, never a lock. */
export function afterWrong(app: PairedApp, purpose: Purpose, wall: number): PairedApp {
  const { failures: before, blockedUntil } = triesOf(app, purpose);
  const failures = before + 1;
  if (failures < freeTries) return withTries(app, purpose, { failures, blockedUntil });
  const delay = Math.min(firstDelayMs * 2 ** (failures - freeTries), longestDelayMs);
  return withTries(app, purpose, { failures, blockedUntil: new Date(wall + delay).toISOString() });
}

export function afterRight(app: PairedApp, purpose: Purpose, step: number): PairedApp {
  return withTries({ ...app, lastStep: step }, purpose, noTries);
}

const noTries: Tries = { failures: 0, blockedUntil: null };

/** Anybody on the network can stand at the door of the home page: what they try there must not hold up who decides. */
function triesOf(app: PairedApp, purpose: Purpose): Tries {
  return purpose === 'home' ? (app.door ?? noTries) : app;
}

function withTries(app: PairedApp, purpose: Purpose, { failures, blockedUntil }: Tries): PairedApp {
  return purpose === 'home' ? { ...app, door: { failures, blockedUntil } } : { ...app, failures, blockedUntil };
}

/** Wrong codes for one request, say, for as long as this process runs. */
export class OccasionTries {
  /** The oldest first. */
  readonly #wrong = new Map<string, number>();

  add(occasion: Occasion): void {
    const key = keyOf(occasion);
    const count = (this.#wrong.get(key) ?? 0) + 1;
    this.#wrong.delete(key);
    this.#wrong.set(key, count);
    for (const oldest of [...this.#wrong.keys()].slice(0, -mostOccasions)) this.#wrong.delete(oldest);
  }

  /** The home page has no end: there the delay has to do, or wrong codes could lock the owner out. */
  isSpent(occasion: Occasion): boolean {
    return occasion.purpose !== 'home' && (this.#wrong.get(keyOf(occasion)) ?? 0) >= freeTries;
  }
}

const mostOccasions = 1_000;

function keyOf({ purpose, about }: Occasion): string {
  return JSON.stringify([purpose, about]);
}
