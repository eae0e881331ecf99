import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { shared } from '../../src/platform/shared.ts';

/** Work whose runs end when the test says so. */
function controlled() {
  const ends: (() => void)[] = [];
  let runs = 0;
  const call = shared(async () => {
    const run = (runs += 1);
    await new Promise<void>((resolve) => ends.push(resolve));
    if (run === 2) throw new Error('the second fails');
    return run;
  });
  return { call, runs: () => runs, end: async () => (await setImmediate(), ends.shift()?.(), setImmediate()) };
}

describe('shared work', () => {
  it('runs once for calls that come together, and again, after them, for calls that come meanwhile', async () => {
    const { call, runs, end } = controlled();
    const first = [call(), call()];
    await setImmediate();
    const late = Promise.allSettled([call(), call()]);
    expect(runs()).toBe(1);
    await end();
    expect(await Promise.all(first)).toEqual([1, 1]);
    expect(runs()).toBe(2);
    await end();
    expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('runs again after a failure', async () => {
    const { call, end } = controlled();
    for (const expected of ['fulfilled', 'rejected', 'fulfilled']) {
      const result = Promise.allSettled([call()]);
      await end();
      expect((await result)[0]?.status).toBe(expected);
    }
  });
});
