import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver, remaining } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Log, Random } from '../core/ports.ts';
import type { Database } from '../store/database.ts';
import type { Connection } from './connection.ts';
import { Eagerness } from './eagerness.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sink } from './formats/define.ts';
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
  /** Resolves when a message that nobody waits for may go out. */
  readonly quiet: () => Promise<void>;
  /** Keeps the number of lanes that are at work down. */
  readonly limit: (work: () => Promise<void>) => Promise<void>;
  /** Told after every message. */
  readonly onSettled: () => void;
  /** Told when nothing is left to do now. */
  readonly onRest: () => void;
}

/** Where messages go now, and through what. */
interface Way {
  readonly endpoint: Endpoint;
  readonly sink: Sink;
}

/** Sends to one endpoint, one message after the other. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #holder: string;
  readonly #eagerness: Eagerness;
  #endpoint: Endpoint | null = null;
  #way: Way | null = null;
  #queue: { readonly database: Database; readonly queue: Queue } | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #isClosed = false;
  /** Events in the next message: few after a failure, since one bad event fails all that go with it. */
  #size = Infinity;
  #next: { readonly at: number; readonly deadline: Deadline } | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#holder = `${process.pid}-${options.random.id()}`;
    this.#eagerness = new Eagerness(options.clock);
  }

  /** From the next message on; null for nowhere any more. */
  use(endpoint: Endpoint | null): void {
    this.#endpoint = endpoint;
  }

  /** Sends what is due. What is not due yet is tried once if it is pressed for, or if something is new and the last try was a while ago. */
  start(why: 'due' | 'new' | 'pressed'): void {
    if (why === 'pressed') this.#eagerness.press();
    if (why === 'new') this.#eagerness.nudge();
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Milliseconds until there may be something to do again; null if nothing is known to wait, or something is under way. */
  dueIn(): number | null {
    if (this.#running !== null) return null;
    const scheduled = this.#next === null ? null : remaining(this.#options.clock, this.#next.deadline);
    const soon = this.#eagerness.dueIn();
    return scheduled === null || soon === null ? (scheduled ?? soon) : Math.min(scheduled, soon);
  }

  /** Cuts what is under way, which then counts as not tried. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endpoint = null;
    this.#closeWay();
    await this.idle();
  }

  /** A release may wait for it. */
  get #isUrgent(): boolean {
    return this.#endpoint?.webhook.required === true;
  }

  async #run(): Promise<void> {
    // Not in the turn of the commit: the answer to the agent goes first.
    await turn();
    try {
      while (this.#again) {
        this.#again = false;
        await (this.#isUrgent ? this.#work() : this.#options.limit(() => this.#work()));
      }
    } catch {
      this.#options.log.once('a webhook could not be served', 'this is a bug; its events wait');
    }
    this.#running = null;
    this.#options.onRest();
  }

  async #work(): Promise<void> {
    const way = await this.#open();
    let now: Turn | null = null;
    if (!this.#isUrgent) await this.#options.quiet();
    if (way !== null) now = await this.#use((queue) => queue.claim(way.endpoint, this.#asked(way)));
    while (way !== null && now?.kind === 'events') now = await this.#send(now, way);
    this.#note(now);
    if (way !== null && way.endpoint !== this.#endpoint) this.start('due');
  }

  async #send({ events, isDue }: Extract<Turn, { kind: 'events' }>, way: Way): Promise<Turn | null> {
    const { clock, random, timeoutMs, quiet, reporter, onSettled } = this.#options;
    this.#eagerness.trying();
    const verdicts = await way.sink.send(
      events.map(({ event }) => event),
      timeoutMs,
    );
    const [chance = 0] = random.bytes(1);
    const counts = isDue && !this.#isClosed;
    const settlement = settlementOf({ events, verdicts, isDue: counts, now: clock.wall(), chance: chance / 255 });
    reporter.sent(way.endpoint, settlement);
    this.#size = verdicts.every(({ kind }) => kind === 'delivered') ? this.#size * 2 : 1;
    if (settlement.delivered.length > 0) this.#eagerness.worked();
    if (!this.#isUrgent) await quiet();
    const now = await this.#use((queue) => queue.settle(way.endpoint, settlement, this.#asked(way)));
    onSettled();
    return now;
  }

  #asked({ endpoint, sink }: Way): Asked {
    const { clock } = this.#options;
    const most = endpoint === this.#endpoint ? Math.min(this.#size, sink.most) : 0;
    const overdue = this.#next !== null && isOver(clock, this.#next.deadline) ? this.#next.at : null;
    return { most, now: clock.wall(), pressed: this.#eagerness.take(), overdue };
  }

  /** When to look again. A time is remembered by both clocks from when it is first seen. */
  #note(now: Turn | null): void {
    const { clock, reporter } = this.#options;
    if (now?.kind === 'disabled' && this.#endpoint !== null) reporter.disabled(this.#endpoint, now.why);
    if (now?.kind === 'later') this.#eagerness.mustWait();
    else this.#eagerness.forget();
    const at = now?.kind === 'later' ? now.at : now?.kind === 'taken' ? now.until : null;
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

  /** Null if there is nowhere to send to, or no way there. */
  async #open(): Promise<Way | null> {
    const endpoint = this.#endpoint;
    if (endpoint !== null && this.#way?.endpoint === endpoint) return this.#way;
    this.#closeWay();
    if (endpoint === null) return null;
    try {
      this.#way = { endpoint, sink: await this.#options.openSink(endpoint) };
      return this.#way;
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.#options.log.once(`${endpoint.name} cannot be told: ${error.message}`, error.hint);
      return null;
    }
  }

  #closeWay(): void {
    this.#way?.sink.close();
    this.#way = null;
  }
}
