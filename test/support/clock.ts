import type { Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly due: number;
  readonly then: () => void;
}

/** A clock that stands still until the test moves it. Timers go by its monotonic side, as on a real machine. */
export class TestClock implements Clock {
  #wall = Date.UTC(2026, 0, 2, 3, 4, 5);
  #monotonic = 1_000;
  readonly #timers = new Set<Timer>();

  wall(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { due: this.#monotonic + ms, then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Time goes by: both clocks move, timers fire in order. */
  pass(ms: number): void {
    const end = this.#monotonic + ms;
    for (let timer = this.#nextDue(end); timer !== undefined; timer = this.#nextDue(end)) {
      this.#move(timer.due - this.#monotonic);
      this.#timers.delete(timer);
      timer.then();
    }
    this.#move(end - this.#monotonic);
  }

  /** Somebody sets the system time; no timer notices. */
  setWall(byMs: number): void {
    this.#wall += byMs;
  }

  get timers(): number {
    return this.#timers.size;
  }

  #nextDue(end: number): Timer | undefined {
    return [...this.#timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
  }

  #move(ms: number): void {
    this.#wall += Math.max(0, ms);
    this.#monotonic += Math.max(0, ms);
  }
}
