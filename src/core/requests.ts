import type { LiveRequest } from './live-request.ts';
import type { RequestId } from './request.ts';

/** Every request that the broker still knows, in the order in which they were opened. */
export class Requests {
  readonly #byId = new Map<RequestId, LiveRequest>();

  get size(): number {
    return this.#byId.size;
  }

  add(request: LiveRequest): void {
    this.#byId.set(request.id, request);
  }

  get(id: RequestId): LiveRequest | undefined {
    return this.#byId.get(id);
  }

  remove(id: RequestId): void {
    this.#byId.delete(id);
  }

  /** Those that fit, oldest first. */
  all(fits: (request: LiveRequest) => boolean = () => true): LiveRequest[] {
    const found: LiveRequest[] = [];
    for (const request of this.#byId.values()) if (fits(request)) found.push(request);
    return found;
  }

  /** Of those that have ended, the oldest go as long as there are more than `most` in all. */
  forgetOldest(most: number): void {
    for (const request of this.#byId.values()) {
      if (this.#byId.size <= most) return;
      if (isEnded(request)) this.#byId.delete(request.id);
    }
  }
}

/** Whether it waits for a person, or for the log to say that it does. */
export function isOpen({ state }: LiveRequest): boolean {
  return state === 'opening' || state === 'pending' || state === 'deciding';
}

/** Whether nobody will get anything by it any more. */
export function isEnded(request: LiveRequest): boolean {
  return !isOpen(request) && request.state !== 'approved' && request.held === 0;
}
