import { z } from 'zod';
import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, isOver } from '../core/clock.ts';
import { Secret } from '../core/secret.ts';
import type { Grant } from './formats/define.ts';
import type { Sender } from './send.ts';

/** Bearer tokens for one endpoint, kept until they lapse. */
export interface Tokens {
  /** A token, or why there is none, in our own words. */
  get(timeoutMs: number): Promise<Secret | string>;
  /** The last one was not taken. */
  forget(): void;
}

export interface TokenOptions {
  readonly grant: Grant;
  readonly sender: Sender;
  readonly clock: Clock;
}

const answer = z.object({ access_token: z.string().min(1).max(16_384), expires_in: z.coerce.number().positive() });

/** A token is renewed this long before it lapses. Milliseconds. */
const margin = 60_000;

/** RFC 6749, 4.4: the client shows its own secret, in the body as Microsoft wants it. */
export function clientCredentials({ grant, sender, clock }: TokenOptions): Tokens {
  let kept: { readonly token: Secret; readonly until: Deadline } | null = null;

  const fetch = async (timeoutMs: number): Promise<Secret | string> => {
    const sent = await sender.send({
      url: new URL(grant.url),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: grant.clientId,
        client_secret: grant.clientSecret.reveal(),
        scope: grant.scope,
      }).toString(),
      timeoutMs,
      answerBytes: 32 * 1024,
    });
    if (sent.kind === 'failed') return `no token: ${sent.why}`;
    if (sent.status !== 200) return `no token: the token service answered ${sent.status}`;
    const { data } = answer.safeParse(jsonOf(sent.body));
    if (data === undefined) return 'no token: the token service answered something else';
    const token = new Secret(data.access_token);
    kept = { token, until: deadlineIn(clock, data.expires_in * 1000 - margin) };
    return token;
  };

  return {
    async get(timeoutMs) {
      return kept !== null && !isOver(clock, kept.until) ? kept.token : fetch(timeoutMs);
    },
    forget() {
      kept = null;
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
