import type { WebhookConfig } from '../config/config.ts';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';

const check = 'webhooks';

/** How many there are and where they lead; of an address, the host only: the rest can be as good as a password. */
export function checkWebhooks(webhooks: readonly WebhookConfig[], isApproved: boolean): Finding {
  if (webhooks.length === 0) return ok(check, 'none');
  const hosts = [...new Set(webhooks.map(({ url }) => new URL(url).host))];
  const says = `${webhooks.length}, to ${hosts.join(', ')}`;
  if (isApproved) return ok(check, says);
  return note(check, `${says}; one that nobody has approved is told nothing`);
}
