import type { Log } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { post } from '../platform/http.ts';
import type { PostResult } from '../platform/http.ts';
import type { WantedEvents, WebhookEvent } from './events.ts';

export interface Endpoint {
  readonly url: string;
  /** Sent as the Authorization header's value. */
  readonly authorization?: Secret;
  readonly events: WantedEvents;
}

/** Delivers to one endpoint, one event after the other. */
export interface Courier {
  readonly send: (event: WebhookEvent) => void;
  /** Resolves when nothing is left to deliver. */
  readonly idle: () => Promise<void>;
  /** How many events have neither been delivered nor given up. */
  readonly left: () => number;
}

export interface CourierOptions extends Endpoint {
  /** How the endpoint is called in messages: without the URL's path, which may be a secret (Slack's is). */
  readonly name: string;
  readonly timeoutMs: number;
  readonly log: Log;
}

/** Events kept for an endpoint that is slow; later ones are dropped. */
const limit = 10_000;

export function createCourier({ url, authorization, name, timeoutMs, log }: CourierOptions): Courier {
  const waiting: WebhookEvent[] = [];
  let underWay = 0;
  let running: Promise<void> | null = null;
  const report = reporter(name, log);

  const drain = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      underWay = 1;
      report(await post({ url, body: JSON.stringify(event), authorization, timeoutMs }));
      underWay = 0;
    }
    running = null;
  };

  return {
    send(event) {
      if (waiting.length >= limit) return log.once(`${name} is too slow: events for it are dropped`);
      waiting.push(event);
      // Not in the caller's turn: the answer to the agent goes first.
      running ??= new Promise(setImmediate).then(drain);
    },
    async idle() {
      await running;
    },
    left: () => waiting.length + underWay,
  };
}

/** Says a failure when it begins and when it changes, not for every event that it costs. */
function reporter(name: string, log: Log): (result: PostResult) => void {
  let last: string | null = null;
  return (result) => {
    const failure = failureOf(result);
    if (failure !== null && failure !== last)
      log.warn(
        `${name} did not take an event: ${failure}`,
        'events that it does not take are lost; the audit log has them',
      );
    last = failure;
  };
}

function failureOf(result: PostResult): string | null {
  if (result.kind === 'failed') return result.why;
  if (result.status >= 200 && result.status < 300) return null;
  const redirect = result.status >= 300 && result.status < 400;
  return `it answered ${result.status}${redirect ? ', and redirects are not followed' : ''}`;
}
