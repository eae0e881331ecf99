import { canonical, sha256 } from '../core/canonical.ts';
import type { EventName, WantedEvents } from './events.ts';
import { wants } from './events.ts';
import type { EndpointOptions } from './sink.ts';

/** One webhook of the config, checked. */
export interface Webhook extends EndpointOptions {
  readonly events: WantedEvents;
  /** Whether nothing may be released before it has heard. */
  readonly required: boolean;
}

/** A webhook as the outbox knows it. */
export interface Endpoint {
  /** Constant over processes and versions of the config, as long as address and format are the same. */
  readonly id: string;
  /** For people: where it leads, without the path, which can be as good as a password. */
  readonly name: string;
  readonly webhook: Webhook;
}

/** Equal ones, which may differ in their credentials, are told apart by their order. */
export function endpointsOf(webhooks: readonly Webhook[]): readonly Endpoint[] {
  const seen = new Map<string, number>();
  return webhooks.map((webhook) => {
    const { protocol, host, href } = new URL(webhook.url);
    const key = canonical({ format: webhook.plugin.type, url: href });
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return { id: identity(before === 0 ? key : `${key} ${before + 1}`), name: `${protocol}//${host}`, webhook };
  });
}

/** One that is required hears of each release and of what became of it, whatever else it wants. */
export function isWantedBy({ webhook: { events, required } }: Endpoint, name: EventName): boolean {
  return wants(events, name) || (required && releases.includes(name));
}

const releases: readonly EventName[] = ['released', 'auto_approved', 'failed'];

/** Stands in the database instead of the address: too short to be worth anything, long enough never to meet another. */
function identity(key: string): string {
  return sha256(key).slice(0, 16);
}
