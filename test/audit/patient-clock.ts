import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/platform/clock.ts';

/** Runs twenty times too slowly, so that a busy machine does not make an append give up. */
export const patientClock: Clock = {
  ...systemClock,
  wall: () => systemClock.wall() / 20,
  monotonic: () => systemClock.monotonic() / 20,
};
