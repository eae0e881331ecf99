import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

/**
 * The SDK (1.32) takes the ids 0 and "" for "no id" and ignores their cancellation; a cancelled call must not be answered
 * with a secret.
 * @param transport not yet connected
 * @returns what is aborted, with the client's reason, when it cancels the request with such an id; null for every other id
 */
export function watchCancels(transport: Transport): (id: RequestId) => AbortSignal | null {
  const running = new Map<unknown, AbortController>();
  transport.onmessage = (message: JSONRPCMessage) => {
    if (!('method' in message)) return;
    // Here, not when the call is handled: its cancellation may come in the same piece of input.
    if ('id' in message && isOverlooked(message.id)) running.set(message.id, new AbortController());
    if (message.method === 'notifications/cancelled')
      running.get(message.params?.['requestId'])?.abort(message.params?.['reason']);
  };
  return (id) => (isOverlooked(id) ? (running.get(id)?.signal ?? null) : null);
}

function isOverlooked(id: RequestId): boolean {
  return id === 0 || id === '';
}
