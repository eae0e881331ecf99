const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Between one try and the next, milliseconds; about 75 hours in all. From Standard Webhooks 1.0.0. */
export const delays: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

const whole = delays.reduce((sum, delay) => sum + delay, 0);
const longest = Math.max(...delays);

/** A try that failed. Times are those of the wall clock, milliseconds. */
export interface FailedTry {
  /** How many failed before. */
  readonly attempts: number;
  readonly createdAt: number;
  readonly now: number;
  /** What the target said that it wants to be left alone for; null if it said nothing. */
  readonly afterMs: number | null;
  /** From 0 to 1, so that those who failed together do not come back together. */
  readonly chance: number;
}

export interface NextTry {
  /** How many have failed, for the schedule. */
  readonly attempts: number;
  /** Null: there is none. */
  readonly at: number | null;
}

/**
 * A target that says when it wants to be asked again is asked then. Where that is sooner than the schedule would, the try does not count:
 * a target that only slows us down is not given up. But nothing that is older than the whole schedule is tried without end.
 */
export function nextTry({ attempts, createdAt, now, afterMs, chance }: FailedTry): NextTry {
  const scheduled = delays[attempts] ?? longest;
  const isOld = now - createdAt >= whole;
  const counts = afterMs === null || afterMs >= scheduled || isOld;
  const failed = counts ? attempts + 1 : attempts;
  if (failed > delays.length && isOld) return { attempts: failed, at: null };
  const delay = afterMs === null ? scheduled * (1 + chance / 10) : Math.max(second, afterMs) + chance * second;
  return { attempts: failed, at: Math.round(now + delay) };
}

/** A time further away than this was set by a clock that has been put back since. Milliseconds. */
export const furthest = longest * 1.1 + minute;
