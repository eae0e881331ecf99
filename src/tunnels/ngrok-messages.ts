/** What the process with the client is told first, over its private channel: its arguments and environment are for all to read. */
export interface NgrokOrder {
  readonly port: number;
  readonly token: string;
  readonly domain?: string;
  /** `host:port` instead of the real service. */
  readonly serverAddress?: string;
  /** File with the certificates to trust instead of ngrok's own. */
  readonly authorities?: string;
}

/**
 * What it says. `online`: the endpoint has this address. `lost`: the connection is gone; the client tries to get it
 * back, and `online` follows if it does. `refused`, `missing`: it ends; the text is foreign and may repeat the token.
 */
export type NgrokNews =
  | { readonly kind: 'online'; readonly url: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'missing'; readonly text: string };

export function isNews(message: unknown): message is NgrokNews {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  if (message.kind === 'online') return 'url' in message && typeof message.url === 'string';
  if (message.kind === 'lost') return true;
  return (
    (message.kind === 'refused' || message.kind === 'missing') && 'text' in message && typeof message.text === 'string'
  );
}

export function isOrder(message: unknown): message is NgrokOrder {
  if (typeof message !== 'object' || message === null) return false;
  return (
    'port' in message && typeof message.port === 'number' && 'token' in message && typeof message.token === 'string'
  );
}
