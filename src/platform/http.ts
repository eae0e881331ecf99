import type { Secret } from '../core/secret.ts';
import { networkFailure } from './network-errors.ts';

export interface Post {
  readonly url: string;
  /** JSON text. */
  readonly body: string;
  /** The Authorization header's whole value. */
  readonly authorization?: Secret | undefined;
  /** Milliseconds for everything: connecting, sending, and the answer. */
  readonly timeoutMs: number;
}

/** `failed` says why in our own words, without anything from the URL, the headers or the answer. */
export type PostResult =
  { readonly kind: 'answered'; readonly status: number } | { readonly kind: 'failed'; readonly why: string };

/** Bytes of an answer that are read, so that the connection can be used again; a longer one is cut off. */
const readLimit = 1024;

/** Sends JSON and looks at the status alone. Redirects are not followed: they would carry the event to another host. Never throws. */
export async function post({ url, body, authorization, timeoutMs }: Post): Promise<PostResult> {
  try {
    const headers = new Headers({ 'content-type': 'application/json', 'user-agent': 'agent-vault' });
    if (authorization !== undefined) headers.set('authorization', authorization.reveal());
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', body, headers, signal, redirect: 'manual' });
    await discard(response);
    return { kind: 'answered', status: response.status };
  } catch (error) {
    return { kind: 'failed', why: reason(error, timeoutMs) };
  }
}

/** What the answer says no longer matters, nor how its reading ends. */
async function discard(response: Response): Promise<void> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  try {
    if (length <= readLimit) await response.arrayBuffer();
    else await response.body?.cancel();
  } catch {
    // The status has come; that was the answer.
  }
}

function reason(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  return networkFailure(error);
}
