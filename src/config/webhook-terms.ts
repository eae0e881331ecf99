import type { WebhookConfig } from './config.ts';
import { describedMembers, isVariable } from './described.ts';
import type { Describing } from './described.ts';
import type { JsonObject } from './json.ts';
import type { DescribedWebhooks } from './policy.ts';
import type { WebhookTerms } from './terms.ts';
import { formatOf, webhookShape } from './webhooks.ts';

export function webhookTerms({ webhooks, written, by }: DescribedWebhooks): readonly WebhookTerms[] {
  return webhooks.map((webhook, at) => termsOf(webhook, written[at] ?? {}, by));
}

function termsOf({ plugin, url, events }: WebhookConfig, written: JsonObject, by: Describing): WebhookTerms {
  const shape = webhookShape(formatOf({ format: plugin.type }));
  const {
    url: address,
    authorization = null,
    events: _,
    format: __,
    ...options
  } = describedMembers(written, shape, by);
  const { protocol, host } = new URL(url);
  return {
    origin: `${protocol}//${host}`,
    address: by.keyed(url),
    variable: isVariable(address) ? address.variable : null,
    authorization,
    events: events === 'all' ? events : [...events].sort(),
    format: plugin.type,
    options,
  };
}
