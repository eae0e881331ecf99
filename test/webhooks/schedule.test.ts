import { describe, expect, test } from 'vitest';
import { delays, furthest, nextTry } from '../../src/webhooks/schedule.ts';

const second = 1000;
const hour = 3_600_000;

/** When an event of time 0 is tried, if each try fails at once. */
function tries(chance: number, afterMs: number | null = null): number[] {
  const at = [0];
  for (let attempts = 0; ;) {
    const next = nextTry({ attempts, createdAt: 0, now: at.at(-1)!, afterMs, chance });
    if (next.at === null) return at;
    attempts = next.attempts;
    at.push(next.at);
  }
}

describe('the schedule', () => {
  test('tries ten times in 75 hours, as Standard Webhooks says, and then gives up', () => {
    const at = tries(0).map((ms) => ms / second);
    expect(at).toEqual([0, 5, 305, 2105, 9305, 27_305, 63_305, 113_705, 185_705, 272_105]);
    expect(at.at(-1)! / 3600).toBeCloseTo(75.6, 1);
  });

  test('spreads those who failed together by up to a tenth', () => {
    const [early, late] = [tries(0), tries(1)];
    expect(late).toHaveLength(early.length);
    expect(late.at(-1)! / early.at(-1)!).toBeCloseTo(1.1, 5);
    expect(nextTry({ attempts: 0, createdAt: 0, now: 0, afterMs: null, chance: 0.5 }).at).toBe(5250);
  });

  test('comes back when the target says, at most a second later, and never without a pause', () => {
    const ask = (afterMs: number, chance: number) => nextTry({ attempts: 3, createdAt: 0, now: 0, afterMs, chance }).at;
    expect([ask(30 * second, 0), ask(30 * second, 1), ask(0, 0), ask(20 * hour, 0)]).toEqual([
      30 * second,
      31 * second,
      second,
      20 * hour,
    ]);
  });

  test('does not count a try after which the target asks for less time than the schedule gives', () => {
    const attemptsAfter = (afterMs: number): number =>
      nextTry({ attempts: 1, createdAt: 0, now: 0, afterMs, chance: 0 }).attempts;
    expect([attemptsAfter(2 * second), attemptsAfter(delays[1]!), attemptsAfter(hour)]).toEqual([1, 2, 2]);
  });

  test('ends also for a target that asks for a little time again and again', () => {
    const at = tries(0, 2 * 60 * second);
    expect(at.at(-1)).toBeGreaterThan(75 * hour);
    expect(at.at(-1)).toBeLessThan(77 * hour);
  });

  test('gives an event that is old when it is first tried the same number of tries', () => {
    const old = { createdAt: 0, now: 1000 * hour, afterMs: null, chance: 0 };
    expect(nextTry({ ...old, attempts: 0 })).toEqual({ attempts: 1, at: 1000 * hour + delays[0]! });
    expect(nextTry({ ...old, attempts: 8 }).at).not.toBeNull();
    expect(nextTry({ ...old, attempts: 9 }).at).toBeNull();
  });

  test('never sets a time that would be taken for one of a clock that was put back', () => {
    const longest = Math.max(...delays) * 1.1;
    expect(longest).toBeLessThan(furthest);
    expect(24 * hour + second).toBeLessThan(furthest);
  });
});
