import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

export interface CancelWatch {
  /** Aborted with the client's reason when it cancels the request with id 0; null for every other id. */
  signal(id: RequestId): AbortSignal | null;
  attach(transport: Transport): void;
}

/** The SDK (1.32) takes id 0 for "no id" and ignores its cancellation; a cancelled call must not be answered with a secret. */
export function watchCancels(): CancelWatch {
  let current = new AbortController();
  return {
    signal(id) {
      if (id !== 0) return null;
      current = new AbortController();
      return current.signal;
    },
    attach(transport) {
      const handle = transport.onmessage;
      transport.onmessage = (message, extra) => {
        if (cancelsZero(message)) current.abort(message.params.reason);
        handle?.(message, extra);
      };
    },
  };
}

function cancelsZero(message: JSONRPCMessage): message is JSONRPCMessage & { params: { reason?: unknown } } {
  return 'method' in message && message.method === 'notifications/cancelled' && message.params?.['requestId'] === 0;
}
