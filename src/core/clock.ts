/** The time, as an argument. Both clocks are in milliseconds. */
export interface Clock {
  /** Wall clock: milliseconds since 1970 UTC. People and logs read it; it can be set. */
  wall(): number;
  /** Monotonic clock: cannot be set, but stands still while a Linux machine is suspended. */
  monotonic(): number;
  /** Calls `then` once, `ms` later by the monotonic clock. Returns the way to stop it. Never keeps the process alive. */
  after(ms: number, then: () => void): () => void;
}

/** A moment that has come as soon as either clock says so. */
export interface Deadline {
  readonly wall: number;
  readonly monotonic: number;
}

export function deadlineIn(clock: Clock, ms: number): Deadline {
  return { wall: clock.wall() + ms, monotonic: clock.monotonic() + ms };
}

/** Moves a deadline, for spans that are counted from the same start. */
export function plus(start: Deadline, ms: number): Deadline {
  return { wall: start.wall + ms, monotonic: start.monotonic + ms };
}

/** Milliseconds until the deadline by whichever clock is further; 0 once it has come. */
export function remaining(clock: Clock, deadline: Deadline): number {
  return Math.max(0, Math.min(deadline.wall - clock.wall(), deadline.monotonic - clock.monotonic()));
}

export function isOver(clock: Clock, deadline: Deadline): boolean {
  return remaining(clock, deadline) === 0;
}

/** Waits for some work, but not longer than `ms`; what comes of it does not matter. */
export async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const stop = clock.after(ms, () => resolve(null));
  await Promise.race([work.catch(() => null), late]);
  stop();
}

/** ISO 8601 in UTC with milliseconds. */
export function isoTime(wall: number): string {
  return new Date(wall).toISOString();
}
