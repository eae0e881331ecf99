import type { Clock } from '../core/clock.ts';
import { atMost } from '../core/clock.ts';
import type { Log, Random } from '../core/ports.ts';
import { Repeating } from '../core/repeating.ts';
import { Signal } from '../core/signal.ts';
import { systemClock } from '../platform/clock.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sink } from './formats/define.ts';
import { Lane } from './lane.ts';
import { createLimit } from './limit.ts';
import { createQuiet } from './quiet.ts';
import { createReporter } from './reporter.ts';

export interface DispatcherOptions {
  /** Those that may be told at the moment. */
  readonly endpoints: () => readonly Endpoint[];
  readonly connection: Connection;
  readonly openSink: (endpoint: Endpoint) => Promise<Sink>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Milliseconds one message may take. */
  readonly timeoutMs?: number;
}

/** Sends what waits in the database, also what other processes have left there. */
export interface Dispatcher {
  /** Sends what is due, and from then on whenever something is. Does not wait for it. */
  look(): void;
  /** Something new waits for these endpoints. */
  enqueued(ids: readonly string[]): void;
  /** Tries once what is not due yet, as far as the endpoints have not asked for time. */
  press(ids: readonly string[]): void;
  /** Told after every message. */
  readonly settled: Signal;
  /** Resolves when nothing is under way, after `ms` at the latest. Until then sending comes first. */
  idle(ms: number): Promise<void>;
  /** Cuts what is under way; whoever comes next sends it. */
  close(): Promise<void>;
}

/** Messages under way at the same time, not counting those that a release waits for. */
const atOnce = 8;

/** What other processes left is looked for this often, and clocks that jumped are noticed. Milliseconds. */
const lookMs = 60_000;

/** Milliseconds for messages that were cut to be written down as not sent. */
const cutMs = 200;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { endpoints, clock, timeoutMs = 15_000 } = options;
  const lanes = new Map<string, Lane>();
  const settled = new Signal();
  // By real time, whatever clock the schedule goes by.
  const quiet = createQuiet(systemClock);
  const shared = {
    ...options,
    timeoutMs,
    reporter: createReporter(options.log),
    quiet: () => quiet.wait(),
    limit: createLimit(atOnce),
    onSettled: () => settled.tell(),
    onRest: () => rest(),
  };
  let isClosed = false;

  const laneOf = (id: string): Lane => {
    const lane = lanes.get(id) ?? new Lane(shared);
    lanes.set(id, lane);
    return lane;
  };
  const look = (why: Parameters<Lane['start']>[0], ids?: readonly string[]): void => {
    if (isClosed) return;
    const inForce = new Map(endpoints().map((endpoint) => [endpoint.id, endpoint]));
    for (const id of new Set([...inForce.keys(), ...lanes.keys()])) {
      laneOf(id).use(inForce.get(id) ?? null);
      if (ids?.includes(id) !== false) laneOf(id).start(why);
    }
    rest();
  };
  const timer = new Repeating(clock, {
    due: () => Math.min(lookMs, ...[...lanes.values()].map((lane) => lane.dueIn() ?? lookMs)),
    run: () => look('due'),
  });
  const rest = (): void => {
    timer.stop();
    if (!isClosed) timer.start();
  };

  return {
    look: () => look('due'),
    enqueued(ids) {
      quiet.disturb();
      look('new', ids);
    },
    press: (ids) => look('pressed', ids),
    settled,
    idle: (ms) => quiet.hurry(() => atMost(clock, ms, Promise.all([...lanes.values()].map((lane) => lane.idle())))),
    async close() {
      isClosed = true;
      timer.stop();
      await atMost(clock, cutMs, Promise.all([...lanes.values()].map((lane) => lane.close())));
    },
  };
}
