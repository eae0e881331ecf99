import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { codeOf, networkFailure } from '../platform/network-errors.ts';
import { addressProblem, refusal, refusedAddress } from './address.ts';

/** All addresses of a host. Rejects as `dns.lookup` does. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export interface SenderOptions {
  readonly clock: Clock;
  readonly allowPrivate: boolean;
  /** PEM text of the authorities to trust instead of the usual ones. */
  readonly ca: string | null;
  readonly resolve?: Resolve;
}

export interface Message {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds for everything: looking up, connecting, sending, and the answer. */
  readonly timeoutMs: number;
  /** How much of the answer is read. Then the connection is cut. */
  readonly answerBytes: number;
}

/** `failed` says why in our own words, without anything from the URL, the headers, the body or the answer. */
export type Sent =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | null; readonly body: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface Sender {
  /** Posts. Follows no redirect, uses no proxy. Never rejects. */
  send(message: Message): Promise<Sent>;
  /** Cuts what is under way, and sends nothing any more. */
  close(): void;
}

/**
 * Posts to one endpoint over connections of its own. They go to addresses that were checked, not to what a second look-up may say; each is
 * checked when it is opened. The environment's proxies and NODE_TLS_REJECT_UNAUTHORIZED do not count.
 */
export function openSender({ clock, allowPrivate, ca, resolve = allAddresses }: SenderOptions): Sender {
  const options = { keepAlive: true, maxSockets: 4, lookup: checkedLookup(allowPrivate, resolve) };
  const plain = new http.Agent(options);
  const secure = new https.Agent({ ...options, rejectUnauthorized: true, ...(ca !== null && { ca }) });
  let isClosed = false;

  const attempt = (message: Message): Promise<Attempt> => {
    const problem = isClosed ? 'it is closed here' : addressProblem(message.url, allowPrivate);
    if (problem !== null) return Promise.resolve({ sent: { kind: 'failed', why: problem }, isStale: false });
    return post(message, message.url.protocol === 'https:' ? secure : plain, clock);
  };

  return {
    async send(message) {
      const first = await attempt(message);
      return first.isStale && !isClosed ? (await attempt(message)).sent : first.sent;
    },
    close() {
      isClosed = true;
      plain.destroy();
      secure.destroy();
    },
  };
}

/** Gives addresses only if all of them may be connected to. */
export function checkedLookup(allowPrivate: boolean, resolve: Resolve): LookupFunction {
  return (host, options, done) => {
    resolve(host).then(
      (addresses) => {
        const why = addresses.map(({ address }) => refusal(host, address, allowPrivate)).find((each) => each !== null);
        const [first] = addresses;
        if (why !== undefined) return done(refusedAddress(why), '');
        if (first === undefined) return done(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
        if (options.all === true) done(null, [...addresses]);
        else done(null, first.address, first.family);
      },
      (error: unknown) => done(error instanceof Error ? error : new Error('look-up failed', { cause: error }), ''),
    );
  };
}

export const allAddresses: Resolve = (host) => lookup(host, { all: true });

interface Attempt {
  readonly sent: Sent;
  /** The other side closed a kept connection at the moment in which it was used again: nothing was read by it. */
  readonly isStale: boolean;
}

function post(
  { url, headers, body, timeoutMs, answerBytes }: Message,
  agent: http.Agent,
  clock: Clock,
): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const settle = (sent: Sent, isStale = false): void => {
    stop();
    resolve({ sent, isStale });
  };
  let cut = (): void => settle({ kind: 'failed', why: `no answer within ${timeoutMs / 1000} s` });
  let stop = (): void => undefined;
  try {
    const { request: open } = url.protocol === 'https:' ? https : http;
    const length = String(Buffer.byteLength(body));
    const request = open(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'accept-encoding': 'identity', 'content-length': length },
      maxHeaderSize: 16 * 1024,
    });
    stop = clock.after(timeoutMs, () => {
      cut();
      request.destroy();
    });
    request.on('error', (error) => settle({ kind: 'failed', why: networkFailure(error) }, isStale(request, error)));
    request.on('response', (response) => {
      cut = collect(response, answerBytes, (text) => settle(answered(response, text)));
    });
    request.end(body);
  } catch (error) {
    settle({ kind: 'failed', why: networkFailure(error) });
  }
  return promise;
}

/** Reads the beginning of an answer. However its reading ends, the status was the answer. Returns the way to end it now. */
function collect(response: http.IncomingMessage, limit: number, done: (text: string) => void): () => void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (): void => done(Buffer.concat(chunks).subarray(0, limit).toString('utf8'));
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) response.destroy();
  });
  response.on('error', finish).on('close', finish).on('end', finish);
  return finish;
}

function answered({ statusCode = 0, headers }: http.IncomingMessage, body: string): Sent {
  return { kind: 'answered', status: statusCode, retryAfter: headers['retry-after'] ?? null, body };
}

function isStale(request: http.ClientRequest, error: Error): boolean {
  return request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '');
}
