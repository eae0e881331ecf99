import { describe, expect, test } from 'vitest';
import { Eagerness } from '../../src/webhooks/eagerness.ts';
import { TestClock } from '../support/clock.ts';

function opened(): { eagerness: Eagerness; clock: TestClock } {
  const clock = new TestClock();
  return { eagerness: new Eagerness(clock), clock };
}

describe('an endpoint that fails is tried out of its schedule', () => {
  test('once whenever somebody waits for it', () => {
    const { eagerness } = opened();
    expect(eagerness.take()).toBe(false);
    eagerness.press();
    expect([eagerness.take(), eagerness.take()]).toEqual([true, false]);
  });

  test('for something new, once a minute', () => {
    const { eagerness, clock } = opened();
    eagerness.nudge();
    expect(eagerness.take()).toBe(true);
    eagerness.trying();
    clock.pass(59_999);
    eagerness.nudge();
    expect(eagerness.take()).toBe(false);
    clock.pass(1);
    eagerness.nudge();
    expect(eagerness.take()).toBe(true);
  });

  test('within seconds, ever more slowly, for a minute after it took something', () => {
    const { eagerness, clock } = opened();
    eagerness.worked();
    const waits: number[] = [];
    for (;;) {
      eagerness.mustWait();
      const wait = eagerness.dueIn();
      if (wait === null) break;
      waits.push(wait);
      clock.pass(wait);
      expect([eagerness.take(), eagerness.take()]).toEqual([true, false]);
    }
    expect(waits.slice(0, 4)).toEqual([20, 40, 80, 160]);
    expect(Math.max(...waits)).toBe(5_000);
    expect(waits.reduce((sum, wait) => sum + wait)).toBeLessThan(66_000);
    expect(eagerness.take()).toBe(false);
  });

  test('not before that time', () => {
    const { eagerness, clock } = opened();
    eagerness.worked();
    eagerness.mustWait();
    clock.pass(19);
    expect(eagerness.take()).toBe(false);
  });

  test('not at all if it never took anything', () => {
    const { eagerness } = opened();
    eagerness.mustWait();
    expect(eagerness.dueIn()).toBeNull();
  });
});
