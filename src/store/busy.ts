import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Deadline } from '../core/clock.ts';
import { isOver } from '../core/clock.ts';

/** SQLite's name for what went wrong ("SQLITE_FULL"), or the system's ("EACCES"); null if it has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/**
 * Tries again for as long as another process holds the lock and the deadline has not come; then throws SQLite's last
 * `SQLITE_BUSY`. The waits between the tries are not synchronous, and random so that several processes do not keep step.
 */
export async function retryWhileBusy<Result>(
  clock: Clock,
  deadline: Deadline,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || isOver(clock, deadline)) throw error;
      await sleep(2 + Math.random() * 15);
    }
  }
}

function isBusy(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}
