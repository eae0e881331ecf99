import type { RequestId } from '../core/request.ts';
import type { Visitor } from './visitors.ts';

/**
 * Which browser decided a request: only this one may lift what follows from a denial. An agent that has the link has another cookie,
 * and could otherwise end its own cool-down.
 */
export interface Deciders {
  /** The first one counts. */
  remember(id: RequestId, visitor: Visitor): void;
  has(id: RequestId, visitor: Visitor): boolean;
}

/** As many requests as the desk remembers after their end. */
const remembered = 1_000;

export function createDeciders(): Deciders {
  const byRequest = new Map<RequestId, string>();
  return {
    remember(id, { csrf }) {
      if (!byRequest.has(id)) byRequest.set(id, csrf);
      const [oldest] = byRequest.keys();
      if (byRequest.size > remembered && oldest !== undefined) byRequest.delete(oldest);
    },
    has: (id, { csrf }) => byRequest.get(id) === csrf,
  };
}
