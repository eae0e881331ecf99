import type { CommittedRow } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import { deadlineIn, isOver, remaining } from '../core/clock.ts';
import { Repeating } from '../core/repeating.ts';
import type { Witness } from '../core/witness.ts';
import type { Connection } from './connection.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Endpoint } from './endpoint.ts';
import { isWantedBy } from './endpoint.ts';
import type { Outbox } from './outbox.ts';

export interface WitnessOptions {
  /** Those that may be told at the moment. */
  readonly endpoints: () => readonly Endpoint[];
  readonly outbox: Outbox;
  readonly dispatcher: Dispatcher;
  readonly connection: Connection;
  readonly clock: Clock;
  /** Milliseconds that endpoints have. */
  readonly withinMs?: number;
}

/** An endpoint that fails is tried again this often while a release waits for it. Milliseconds. */
const pressMs = 500;

/** Another process may be the one that sends. Milliseconds. */
const pollMs = 50;

export function createWitness(options: WitnessOptions): Witness {
  const { endpoints, outbox, dispatcher, connection, clock, withinMs = 5_000 } = options;

  const statesOf = async (rows: readonly number[]): Promise<readonly (string | undefined)[]> => {
    const states = await connection.use((database) => {
      const state = database.prepare<[number], string>(stateOf).pluck();
      return rows.map((row) => state.get(row));
    });
    return states ?? [undefined];
  };
  const isHeard = async (rows: readonly number[]): Promise<boolean> => {
    const deadline = deadlineIn(clock, withinMs);
    for (;;) {
      const states = await statesOf(rows);
      if (states.every((state) => state === 'delivered')) return true;
      if (!states.every((state) => state === 'delivered' || state === 'waiting') || isOver(clock, deadline))
        return false;
      await next(Math.min(pollMs, remaining(clock, deadline)));
    }
  };
  /** Waits for the next message that was sent, or `ms`. */
  const next = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const wake = (): void => resolve(null);
    const stops = [dispatcher.settled.listen(wake), clock.after(ms, wake)];
    await promise;
    for (const stop of stops) stop();
  };

  return {
    async confirm(committed) {
      const required = endpoints().filter(({ webhook }) => webhook.required);
      const rows = required.flatMap((endpoint) => placesIn(outbox, committed, endpoint));
      if (rows.length === 0) return true;
      const ids = required.map(({ id }) => id);
      const pressing = new Repeating(clock, { due: () => pressMs, run: () => dispatcher.press(ids) });
      dispatcher.press(ids);
      pressing.start();
      try {
        return await isHeard([...new Set(rows)]);
      } catch {
        return false;
      } finally {
        pressing.stop();
      }
    },
  };
}

const stateOf = `SELECT CASE WHEN o.state = 'waiting' AND e.disabled IS NOT NULL THEN 'disabled' ELSE o.state END
  FROM outbox o LEFT JOIN endpoints e ON e.endpoint = o.endpoint WHERE o.id = ?`;

/** A row that is not there, for an event that was not enqueued: the endpoint was not in force when it was committed. */
const nowhere = -1;

function placesIn(outbox: Outbox, committed: readonly CommittedRow[], endpoint: Endpoint): readonly number[] {
  const wanted = committed.filter(({ action }) => isWantedBy(endpoint, action));
  return wanted.map((row) => outbox.placesOf(row)?.get(endpoint.id) ?? nowhere);
}
