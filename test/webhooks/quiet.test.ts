import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createQuiet } from '../../src/webhooks/quiet.ts';
import type { Quiet } from '../../src/webhooks/quiet.ts';
import { TestClock } from '../support/clock.ts';

/** Who has been let through, in order. */
function waiters(quiet: Quiet, names: readonly string[]): string[] {
  const through: string[] = [];
  for (const name of names) void quiet.wait().then(() => through.push(name));
  return through;
}

async function pass(clock: TestClock, ms: number): Promise<void> {
  clock.pass(ms);
  for (let count = 0; count < 10; count += 1) await turn();
}

describe('a message that nobody waits for', () => {
  test('goes out at once while nobody is answered', async () => {
    const clock = new TestClock();
    const through = waiters(createQuiet(clock), ['a', 'b']);
    await pass(clock, 0);
    expect(through).toEqual(['a', 'b']);
  });

  test('waits until nobody has been answered for a moment', async () => {
    const clock = new TestClock();
    const quiet = createQuiet(clock);
    quiet.disturb();
    const through = waiters(quiet, ['a', 'b']);
    for (let count = 0; count < 20; count += 1) {
      await pass(clock, 9);
      quiet.disturb();
    }
    expect(through).toEqual([]);
    await pass(clock, 10);
    expect(through).toEqual(['a', 'b']);
    expect(clock.timers).toBe(0);
  });

  test('goes out after a second all the same', async () => {
    const clock = new TestClock();
    const quiet = createQuiet(clock);
    quiet.disturb();
    const through = waiters(quiet, ['a']);
    for (let ms = 0; ms < 995; ms += 5) {
      await pass(clock, 5);
      quiet.disturb();
    }
    expect(through).toEqual([]);
    await pass(clock, 5);
    expect(through).toEqual(['a']);
  });

  test('goes out at once at the end, also if it waited before', async () => {
    const clock = new TestClock();
    const quiet = createQuiet(clock);
    quiet.disturb();
    const through = waiters(quiet, ['a']);
    await pass(clock, 1);
    expect(through).toEqual([]);
    await quiet.hurry(async () => {
      await pass(clock, 0);
      expect(through).toEqual(['a']);
      quiet.disturb();
      await quiet.wait();
    });
    expect(clock.timers).toBe(0);
  });
});
