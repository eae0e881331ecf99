import type { IncomingMessage } from 'node:http';

/** Where a page is served from, as the browser sees it. */
export interface Place {
  readonly origin: string;
  /** Whether the browser came by https. */
  readonly secure: boolean;
}

/** Where pages may be served from. */
export interface Address {
  readonly port: number;
  /** The tunnel's origin at this moment; null without one. */
  readonly publicOrigin: () => string | null;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Where this request came in, told by its raw Host header; null if that is neither the tunnel's host nor loopback with our port. */
export function placeOf(request: IncomingMessage, address: Address): Place | null {
  const hosts = request.headersDistinct['host'] ?? [];
  const [host = ''] = hosts;
  if (hosts.length !== 1 || request.url?.startsWith('/') !== true) return null;
  return placeNamed(host.toLowerCase(), address);
}

function placeNamed(host: string, { port, publicOrigin }: Address): Place | null {
  const open = publicOrigin();
  if (open !== null && host === new URL(open).host) return { origin: open, secure: open.startsWith('https:') };
  const suffix = port === 80 ? '' : `:${port}`;
  return loopback.some((name) => host === name + suffix) ? { origin: `http://${host}`, secure: false } : null;
}

/** Whether a form was sent by the page itself, by a browser that has a page open at this place. */
export function isFromOwnPage(request: IncomingMessage, place: Place): boolean {
  const site = request.headers['sec-fetch-site'];
  return request.headers.origin === place.origin && (site === undefined || site === 'same-origin');
}

/** ngrok's dashboard can send a recorded request once more: a decision must not come from there. */
export function isReplay(request: IncomingMessage): boolean {
  return request.headers['ngrok-replay-original-request-id'] !== undefined;
}
