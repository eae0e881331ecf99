import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver, remaining } from '../core/clock.ts';

/** Something new lets an endpoint that fails be tried no more often than this. Milliseconds. */
const pauseMs = 60_000;

/** An endpoint that took something so short a time ago is there, although it fails. Milliseconds. */
const aliveMs = 60_000;

/** After one failure, and then twice as long each time. Milliseconds. */
const again = { first: 20, most: 5_000 };

/** When an endpoint is tried before its schedule says so: such a try costs nothing of the schedule, whatever comes of it. */
export class Eagerness {
  readonly #clock: Clock;
  #isPressed = false;
  #pause: Deadline | null = null;
  #alive: Deadline | null = null;
  #soon: Deadline | null = null;
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Somebody waits for it. */
  press(): void {
    this.#isPressed = true;
  }

  /** Something new waits, so it is worth a try if the last one was a while ago. */
  nudge(): void {
    this.#isPressed ||= this.#pause === null || isOver(this.#clock, this.#pause);
  }

  /** A message goes out. */
  trying(): void {
    this.#pause = deadlineIn(this.#clock, pauseMs);
  }

  worked(): void {
    this.#alive = deadlineIn(this.#clock, aliveMs);
    this.#failures = 0;
  }

  /** What waits has to wait. */
  mustWait(): void {
    if (this.#alive === null || isOver(this.#clock, this.#alive)) return;
    this.#soon = deadlineIn(this.#clock, Math.min(again.most, again.first * 2 ** this.#failures));
    this.#failures += 1;
  }

  /** Whether to try now. Asked once for each try. */
  take(): boolean {
    const isEager = this.#isPressed || (this.#soon !== null && isOver(this.#clock, this.#soon));
    this.forget();
    return isEager;
  }

  forget(): void {
    this.#isPressed = false;
    this.#soon = null;
  }

  /** Milliseconds until it should be asked again; null if that is not known. */
  dueIn(): number | null {
    return this.#soon === null ? null : remaining(this.#clock, this.#soon);
  }
}
