import { describe, expect, test } from 'vitest';
import { createBatches } from '../../src/audit/batches.ts';

function recorded(): { batches: number[][]; add: (item: number) => Promise<string>; idle: () => Promise<void> } {
  const batches: number[][] = [];
  const { add, idle } = createBatches(async (items: readonly number[]) => {
    batches.push([...items]);
    await new Promise(setImmediate);
    if (items.includes(13)) throw new Error('unlucky');
    return items.map((item) => `done ${item}`);
  });
  return { batches, add, idle };
}

describe('batches', () => {
  test('gather what is added in one turn, also by callbacks of that turn', async () => {
    const { batches, add } = recorded();
    const first = add(1);
    for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
    const later = new Promise((resolve) => process.nextTick(() => resolve(add(3))));
    expect(await Promise.all([first, add(2), later])).toEqual(['done 1', 'done 2', 'done 3']);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  test('follow one another: what comes during one waits for the next', async () => {
    const { batches, add, idle } = recorded();
    const first = add(1);
    await new Promise(setImmediate);
    void add(2);
    void add(3);
    await first;
    await idle();
    expect(batches).toEqual([[1], [2, 3]]);
  });

  test('that fail reject all of theirs and none of the next', async () => {
    const { add } = recorded();
    const unlucky = [add(12), add(13)];
    expect(await Promise.allSettled(unlucky)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(await add(14)).toBe('done 14');
  });
});
