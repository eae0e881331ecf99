import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver, remaining } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Log, Random } from '../core/ports.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sink } from './formats/define.ts';
import type { Database } from '../store/database.ts';
import type { Asked, Queue, Turn } from './queue.ts';
import { openQueue } from './queue.ts';
import type { Reporter } from './reporter.ts';
import { settlementOf } from './settlement.ts';

export interface LaneOptions {
  readonly connection: Connection;
  readonly openSink: (endpoint: Endpoint) => Promise<Sink>;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Milliseconds one message may take. */
  readonly timeoutMs: number;
  /** Keeps the number of lanes that are at work down. */
  readonly limit: (work: () => Promise<void>) => Promise<void>;
  /** Told after every message. */
  readonly onSettled: () => void;
  /** Told when nothing is left to do now. */
  readonly onRest: () => void;
}

/** Sends to one endpoint, one message after the other. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #holder: string;
  #endpoint: Endpoint | null = null;
  #isClosed = false;
  #queue: { readonly database: Database; readonly queue: Queue } | null = null;
  #sink: { readonly endpoint: Endpoint; readonly sink: Sink } | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #pressed = false;
  /** Events in the next message: few after a failure, since one bad event fails all that go with it. */
  #size = Infinity;
  #next: { readonly at: number; readonly deadline: Deadline } | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#holder = `${process.pid}-${options.random.id()}`;
  }

  /** From the next message on; null for nowhere any more. */
  use(endpoint: Endpoint | null): void {
    this.#endpoint = endpoint;
  }

  /** Sends what is due; with `early` also tries once what is not due yet. */
  start(early = false): void {
    this.#pressed ||= early;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Milliseconds until there may be something to do again; null if nothing is known to wait. */
  dueIn(): number | null {
    return this.#next === null ? null : remaining(this.#options.clock, this.#next.deadline);
  }

  /** Cuts what is under way, which then counts as not tried. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endpoint = null;
    this.#closeSink();
    await this.idle();
  }

  async #run(): Promise<void> {
    // Not in the turn of the commit: the answer to the agent goes first.
    await new Promise(setImmediate);
    try {
      while (this.#again) {
        this.#again = false;
        const { limit } = this.#options;
        await (this.#endpoint?.webhook.required === true ? this.#work() : limit(() => this.#work()));
      }
    } catch {
      this.#options.log.once('a webhook could not be served', 'this is a bug; its events wait');
    }
    this.#running = null;
    this.#options.onRest();
  }

  async #work(): Promise<void> {
    const endpoint = this.#endpoint;
    const sink = endpoint === null ? null : await this.#sinkFor(endpoint);
    this.#next = sink === null ? null : this.#next;
    if (endpoint === null) this.#closeSink();
    if (endpoint === null || sink === null) return;
    let turn = await this.#use((queue) => queue.claim(endpoint, this.#asked(endpoint)));
    while (turn?.kind === 'events') turn = await this.#send(turn, { endpoint, sink });
    this.#note(turn);
    if (this.#endpoint !== endpoint) this.start();
  }

  async #send(
    { events, isDue }: Extract<Turn, { kind: 'events' }>,
    { endpoint, sink }: { readonly endpoint: Endpoint; readonly sink: Sink },
  ): Promise<Turn | null> {
    const { clock, random, timeoutMs, reporter, onSettled } = this.#options;
    const verdicts = await sink.send(
      events.map(({ event }) => event),
      timeoutMs,
    );
    const [chance = 0] = random.bytes(1);
    const settlement = settlementOf({
      events,
      verdicts: this.#isClosed ? verdicts.filter(({ kind }) => kind !== 'retry') : verdicts,
      isDue,
      now: clock.wall(),
      chance: chance / 255,
    });
    reporter.sent(endpoint, settlement);
    this.#size = verdicts.every(({ kind }) => kind === 'delivered') ? this.#size * 2 : 1;
    const turn = await this.#use((queue) => queue.settle(endpoint, settlement, this.#asked(endpoint)));
    onSettled();
    return turn;
  }

  #asked(endpoint: Endpoint): Asked {
    const { clock } = this.#options;
    const isCurrent = this.#endpoint === endpoint;
    const pressed = this.#pressed;
    this.#pressed = false;
    const overdue = this.#next !== null && isOver(clock, this.#next.deadline) ? this.#next.at : null;
    const most = Math.min(this.#size, this.#sink?.sink.most ?? 1);
    return { most: isCurrent ? most : 0, now: clock.wall(), pressed, overdue };
  }

  /** When to look again. A time is remembered by both clocks from when it is first seen. */
  #note(turn: Turn | null): void {
    const { clock, reporter } = this.#options;
    if (turn?.kind === 'disabled' && this.#endpoint !== null) reporter.disabled(this.#endpoint, turn.why);
    const at = turn?.kind === 'later' ? turn.at : turn?.kind === 'taken' ? turn.until : null;
    if (at === null) this.#next = null;
    else if (this.#next?.at !== at) this.#next = { at, deadline: deadlineIn(clock, at - clock.wall()) };
  }

  #use<Result>(work: (queue: Queue) => Result): Promise<Result | null> {
    const { connection, timeoutMs } = this.#options;
    return connection.use((database) => {
      if (this.#queue?.database !== database)
        this.#queue = { database, queue: openQueue({ database, holder: this.#holder, leaseMs: 2 * timeoutMs }) };
      return work(this.#queue.queue);
    });
  }

  /** Null if it cannot be opened. Another one where the endpoint's terms have changed. */
  async #sinkFor(endpoint: Endpoint): Promise<Sink | null> {
    if (this.#sink?.endpoint === endpoint) return this.#sink.sink;
    this.#closeSink();
    try {
      const sink = await this.#options.openSink(endpoint);
      this.#sink = { endpoint, sink };
      return sink;
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.#options.log.once(`${endpoint.name} cannot be told: ${error.message}`, error.hint);
      return null;
    }
  }

  #closeSink(): void {
    this.#sink?.sink.close();
    this.#sink = null;
  }
}
