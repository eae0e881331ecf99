import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';

/** Lets those go first who wait for an answer: sending happens in the same thread. */
export interface Quiet {
  /** Somebody is being answered now. */
  disturb(): void;
  /** Resolves when nobody has been answered for a moment, a second later at the latest; for one caller after the other. */
  wait(): Promise<void>;
  /** As long as this work lasts, nobody waits. */
  hurry(work: () => Promise<void>): Promise<void>;
}

/** Milliseconds. */
const moment = 10;
const atMost = 1_000;

export function createQuiet(clock: Clock): Quiet {
  const waiting = new Set<() => void>();
  let last = -Infinity;
  let hurries = 0;
  let line: Promise<unknown> = Promise.resolve();

  const left = (since: number): number =>
    hurries > 0 ? 0 : Math.min(last + moment, since + atMost) - clock.monotonic();
  const pause = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const wake = (): void => resolve(null);
    const stop = clock.after(ms, wake);
    waiting.add(wake);
    await promise;
    waiting.delete(wake);
    stop();
  };
  const quiet = async (since: number): Promise<void> => {
    for (let ms = left(since); ms > 0; ms = left(since)) await pause(ms);
  };

  return {
    disturb() {
      last = clock.monotonic();
    },
    async wait() {
      const since = clock.monotonic();
      if (left(since) <= 0) return;
      line = line.then(() => quiet(since)).then(() => turn());
      await line;
    },
    async hurry(work) {
      hurries += 1;
      for (const wake of waiting) wake();
      await work();
      hurries -= 1;
    },
  };
}
