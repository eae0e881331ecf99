import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { Repeating } from '../core/repeating.ts';
import type { Database } from '../store/database.ts';
import type { Connection } from './connection.ts';

/** For how long it can be seen that an event was delivered. Milliseconds. */
const keptMs = 24 * 3_600_000;
const everyMs = 3_600_000;
/** Rows that one transaction removes at most: nobody has to wait for it. */
const atOnce = 200;

/** Removes now and then what was delivered long ago, and nothing else. */
export function createHousekeeping(connection: Connection, clock: Clock): Repeating {
  let wait = 0;
  return new Repeating(clock, {
    due: () => wait,
    run: () => {
      wait = everyMs;
      void removeDelivered(connection, clock);
    },
  });
}

export async function removeDelivered(connection: Connection, clock: Clock): Promise<void> {
  let removed: number | null;
  do {
    removed = await connection.use((database) => removeSome(database, clock.wall() - keptMs));
    await turn();
  } while (removed !== null && removed > 0);
}

function removeSome(database: Database, before: number): number {
  const ids = database.prepare<[], string>('SELECT endpoint FROM endpoints').pluck().all();
  // Looks only at the oldest, which were also the first to be delivered.
  const remove = database.prepare<[string, number, number]>(
    `DELETE FROM outbox WHERE id IN (SELECT id FROM
      (SELECT id, next_at FROM outbox WHERE endpoint = ? AND state = 'delivered' ORDER BY id LIMIT ?) WHERE next_at < ?)`,
  );
  const all = database.transaction(() => ids.reduce((sum, id) => sum + remove.run(id, atOnce, before).changes, 0));
  return all.immediate();
}
