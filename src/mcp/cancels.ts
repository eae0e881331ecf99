import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

interface Running {
  readonly cancel: AbortController;
  /** More than one where a client uses an id again that is still in use. */
  calls: number;
}

export interface Cancels {
  /** Aborted, with the client's reason, when it cancels any request with this id. */
  signal(id: RequestId): AbortSignal;
  /** To be called once for each request when it has been answered. */
  answered(id: RequestId): void;
}

/**
 * Watches for cancellations, because a cancelled call must not be answered with a secret, and the SDK (1.32) overlooks some: of
 * the ids 0 and "", which it takes for "no id", and of an id that is used again while it is in use.
 * @param transport not yet connected
 */
export function watchCancels(transport: Transport): Cancels {
  const running = new Map<RequestId, Running>();
  const runningAs = (id: RequestId): Running => {
    const known = running.get(id) ?? { cancel: new AbortController(), calls: 0 };
    running.set(id, known);
    return known;
  };
  transport.onmessage = (message: JSONRPCMessage) => {
    if (!('method' in message)) return;
    // Here, not when the call is handled: its cancellation may come in the same piece of input.
    if ('id' in message && message.method === 'tools/call') runningAs(message.id).calls += 1;
    if (message.method !== 'notifications/cancelled') return;
    const { requestId, reason } = message.params ?? {};
    if (typeof requestId === 'string' || typeof requestId === 'number') running.get(requestId)?.cancel.abort(reason);
  };
  return {
    signal: (id) => runningAs(id).cancel.signal,
    answered: (id) => {
      const known = runningAs(id);
      known.calls -= 1;
      if (known.calls <= 0) running.delete(id);
    },
  };
}
