import { pruneLog } from '../audit/prune.ts';
import type { Pruned } from '../audit/prune.ts';
import { isoTime } from '../core/clock.ts';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { stateDirectory } from '../platform/state.ts';
import { openWebhooks } from '../webhooks/webhooks.ts';
import { inForce } from './in-force.ts';
import { withLog } from './log-file.ts';
import type { Place, Where } from './place.ts';

/** How many rows a pruning would remove: the oldest, as long as they are from before then. @param before wall clock, milliseconds */
export function prunable(file: string, before: number): Promise<number> {
  return withLog(file, (database) => {
    const kept = `SELECT min(id) FROM audit WHERE timestamp >= ?`;
    const count = database.prepare<[string], number>(`SELECT count(*) FROM audit WHERE id < ifnull((${kept}), 9e18)`);
    return count.pluck().get(isoTime(before)) ?? 0;
  });
}

export interface Pruning {
  readonly before: number;
  readonly where: Where;
  readonly log: Log;
}

/** Rejects as `pruneLog` does. Who is told of the log is told of this, too. */
export async function prune({ file, config }: Place, { before, where, log }: Pruning): Promise<Pruned> {
  const webhooks = config === null ? [] : (await inForce(config, where, log)).webhooks;
  const events = openWebhooks({ file, endpoints: () => webhooks, clock: systemClock, random: systemRandom, log });
  try {
    return await pruneLog({
      file,
      before,
      stateFolder: stateDirectory({ env: where.env, log }),
      clock: systemClock,
      alongside: (database) => events.alongside(database),
    });
  } finally {
    await events.close(deliverMs);
  }
}

/** Milliseconds; what is not sent by then, the next server sends. */
const deliverMs = 3_000;
