import type { WebhookTerms } from '../config/terms.ts';
import type { PolicyLine } from '../core/policies.ts';
import { shortened } from '../core/text.ts';
import { isSame } from './difference.ts';
import { inList, told, toldSecret, toldValue } from './words.ts';

export function webhookLines(webhook: WebhookTerms): readonly PolicyLine[] {
  return [{ subject: subjectOf(webhook), says: words(webhook), isWide: true }];
}

/** One at the same address is the same webhook, with other terms; the order says nothing. */
export function changedWebhooks(before: readonly WebhookTerms[], now: readonly WebhookTerms[]): readonly PolicyLine[] {
  const gone = without(before, now);
  const come = without(now, before);
  const lines = come.map((webhook) => {
    const at = gone.findIndex(({ address }) => address === webhook.address);
    const [old] = at < 0 ? [] : gone.splice(at, 1);
    return { subject: subjectOf(webhook), says: changed(old, webhook), isWide: true };
  });
  const removed = gone.map((webhook) => ({
    subject: subjectOf(webhook),
    says: `is removed; until now it ${words(webhook)}`,
    isWide: false,
  }));
  return [...lines, ...removed];
}

function changed(before: WebhookTerms | undefined, now: WebhookTerms): string {
  if (before === undefined) return `is new: ${words(now)}`;
  if (words(before) !== words(now)) return `${words(now)}; until now it ${words(before)}`;
  return isSame(before.authorization, now.authorization)
    ? `${words(now)}; the same address is written in another way`
    : `${words(now)}, which is another value than before`;
}

function subjectOf({ origin }: WebhookTerms): string {
  return `webhook ${shortened(new URL(origin).host, 100)}`;
}

function words(webhook: WebhookTerms): string {
  const { events, origin, variable, authorization, format } = webhook;
  const which =
    events === 'all' ? 'every decision' : `${inList(events.map((each) => each.replaceAll('_', '-')))} events`;
  const address = variable === null ? '' : `, at the address in ${toldSecret({ variable, keyed: null })}`;
  const proof = authorization === null ? '' : `, with ${toldSecret(authorization)} as authorization`;
  const shape = format === 'json' ? '' : `, as ${told(format)}`;
  return `posts ${which} to ${shortened(origin, 200)}${address}${proof}${shape}${options(webhook)}`;
}

/** Whatever else it is told: a variable can be sent by any of these. */
function options({ options: all }: WebhookTerms): string {
  const said = Object.entries(all).map(([key, value]) => `${told(key)} ${toldValue(value)}`);
  return said.length === 0 ? '' : `, with ${inList(said)}`;
}

/** Each of `some` that has no equal among `others`; of two equal ones, both need one. */
function without(some: readonly WebhookTerms[], others: readonly WebhookTerms[]): WebhookTerms[] {
  const left = [...others];
  return some.filter((webhook) => {
    const at = left.findIndex((other) => isSame(other, webhook));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
