import { z } from 'zod';
import { Secret } from '../core/secret.ts';
import { addressProblem } from './address.ts';
import { formatPlugins } from './formats/index.ts';
import type { FormatPlugin } from './formats/define.ts';
import { signingProblem } from './sign.ts';

export { formatPlugins } from './formats/index.ts';
export type { FormatPlugin } from './formats/define.ts';

const signingSecret = z
  .string()
  .trim()
  .superRefine((text, context) => {
    const problem = signingProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((text) => new Secret(text));

/** The keys of a webhook that all formats have, beside `events`. What the format adds is in its `options`. */
export const webhookKeys = {
  url: z
    .string()
    .min(1)
    .meta({ description: 'where events are sent: https, or http on this machine', writeOnly: true }),
  authorization: z
    .string()
    .trim()
    .min(1)
    .refine((value) => /^[\t\x20-\x7e\x80-\xff]+$/u.test(value), 'must be usable in an HTTP header: one line, no emoji')
    .transform((value) => new Secret(value))
    .optional()
    .meta({
      description: 'token or key, where the format says so; else the whole Authorization header',
      writeOnly: true,
    }),
  format: z
    .enum(formatPlugins.map(({ type }) => type))
    .default('json')
    .describe(formatPlugins.map(({ type, about }) => `\`${type}\` = ${about}`).join('; ')),
  secret: signingSecret.optional().meta({
    description: 'signs as Standard Webhooks 1.0.0: `whsec_…` (shared) or `whsk_…` (Ed25519)',
    writeOnly: true,
  }),
  secrets: z
    .array(signingSecret.meta({ writeOnly: true }))
    .min(1)
    .max(2)
    .optional()
    .describe('instead of `secret`: two to sign with at once, while receivers change to the new one'),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe('whether its host may have an address of a private network or of this machine'),
  ca: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'file with the authorities to trust instead of the usual ones (PEM)', format: 'path' }),
  required: z
    .boolean()
    .default(false)
    .describe('whether nothing is released unless it has taken the event within 5 seconds'),
};

/** A webhook whose keys have been checked one by one. */
export interface CheckedWebhook {
  readonly plugin: FormatPlugin;
  /** What `plugin.options` made of the keys that the format adds. */
  readonly options: Record<string, unknown>;
  readonly url: string;
  readonly authorization?: Secret | undefined;
  readonly secret?: Secret | undefined;
  readonly secrets?: readonly Secret[] | undefined;
}

/** What its keys, each right by itself, get wrong together: the key, and what is wrong, as it follows the key's name. */
export function webhookProblem(webhook: CheckedWebhook): { readonly key: string; readonly problem: string } | null {
  const { plugin, options, url, authorization, secret, secrets } = webhook;
  const address = urlProblem(plugin, url);
  if (address !== null) return { key: 'url', problem: address };
  if (secret !== undefined && secrets !== undefined)
    return { key: 'secrets', problem: 'stands beside secret: use one' };
  if ('sink' in plugin && (secret ?? secrets) !== undefined)
    return { key: secret === undefined ? 'secrets' : 'secret', problem: `does not work with ${plugin.type}` };
  const lacks = plugin.lacks?.(options, { authorization: authorization !== undefined }) ?? null;
  return lacks === null ? null : { key: 'format', problem: lacks };
}

/** Private addresses are refused when they are connected to: whether they are allowed may change. */
function urlProblem(plugin: FormatPlugin, text: string): string | null {
  const url = URL.parse(text);
  if ('sink' in plugin) {
    const schemes = plugin.schemes.map((scheme) => `${scheme}//`).join(' or ');
    return url !== null && plugin.schemes.includes(url.protocol) && url.hostname !== ''
      ? null
      : `must start with ${schemes} and name a host`;
  }
  if (url === null || !/^https?:$/u.test(url.protocol)) return 'must be an https:// address';
  return addressProblem(url, true) === null ? null : urlWords(url);
}

function urlWords(url: URL): string {
  if (url.username !== '' || url.password !== '') return 'must have no user name or password in it';
  return url.protocol === 'http:' ? 'must be https://; http:// is for this machine only' : 'must name a server';
}
