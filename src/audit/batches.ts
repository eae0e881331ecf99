import { setImmediate as turn } from 'node:timers/promises';

export interface Batches<Item, Result> {
  readonly add: (item: Item) => Promise<Result>;
  /** Resolves when nothing is waiting or under way. */
  readonly idle: () => Promise<void>;
}

/**
 * Gathers what is added in one turn of the event loop, and while the batch before is under way, into one call of `work`;
 * batches follow one another in the order of the calls. `work` gives one result per item; if it rejects, so does each.
 */
export function createBatches<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): Batches<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let running: Promise<void> | null = null;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      await turn();
      const batch = waiting;
      waiting = [];
      await settle(batch, work);
    }
    running = null;
  };

  return {
    add(item) {
      const next = { item, ...Promise.withResolvers<Result>() };
      waiting.push(next);
      running ??= drain();
      return next.promise;
    },
    async idle() {
      await running;
    },
  };
}

interface Waiting<Item, Result> extends PromiseWithResolvers<Result> {
  readonly item: Item;
}

async function settle<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): Promise<void> {
  try {
    const results = await work(batch.map(({ item }) => item));
    results.forEach((result, at) => batch[at]?.resolve(result));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
