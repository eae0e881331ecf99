import type { Clock } from './clock.ts';

export interface Repeated {
  /** Milliseconds until the next run; null ends it. */
  due(): number | null;
  run(): void;
}

/** Runs something again and again, as long as there is a reason to. */
export class Repeating {
  readonly #clock: Clock;
  readonly #repeated: Repeated;
  #stopTimer: (() => void) | null = null;

  constructor(clock: Clock, repeated: Repeated) {
    this.#clock = clock;
    this.#repeated = repeated;
  }

  /** Does nothing while it runs. */
  start(): void {
    const due = this.#stopTimer === null ? this.#repeated.due() : null;
    if (due === null) return;
    this.#stopTimer = this.#clock.after(Math.max(1, due), () => {
      this.#stopTimer = null;
      this.#repeated.run();
      this.start();
    });
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }
}
