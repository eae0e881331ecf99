import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { auditActions } from '../core/audit-row.ts';
import { didYouMean } from '../core/text.ts';
import type { FormatPlugin } from '../webhooks/config.ts';
import { formatPlugins, webhookKeys, webhookProblem } from '../webhooks/config.ts';
import type { WebhookConfig } from './config.ts';
import { quoted } from './explain.ts';
import type { Blame } from './explain.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { shapeOf } from './shape.ts';
import type { Shape } from './shape.ts';
import type { Path } from './variables.ts';

const common = z.object({
  ...webhookKeys,
  events: z
    .union([z.literal('all'), z.array(z.enum([...auditActions, 'checkpoint'])).min(1)])
    .default('all')
    .describe('`all` = what people decided, and checkpoints; or a list of actions of the audit log'),
});

/** Throws `config_invalid` for the first thing that is wrong. `given` has its variables filled in. */
export function webhookConfigs(
  given: readonly unknown[],
  { folder, blame }: { readonly folder: string; readonly blame: Blame },
): Promise<WebhookConfig[]> {
  return Promise.all(
    given.map((each, at) => {
      const place = ['webhooks', at];
      if (!isObject(each)) throw blame.at(place, 'must be an object in braces');
      return webhookConfig(each, { folder, blame, place });
    }),
  );
}

/** What a webhook of this format may hold, the keys common to all first. */
export function webhookShape(plugin: FormatPlugin): Shape {
  return shapeOf(z.object({ ...common.shape, ...plugin.options.shape }));
}

/** The format that a webhook names, or the first one if it names none that there is. */
export function formatOf(written: JsonObject): FormatPlugin {
  const found = formatPlugins.find(({ type }) => type === (written['format'] ?? 'json')) ?? formatPlugins[0];
  if (found === undefined) throw new Error('there is no webhook format');
  return found;
}

interface Around {
  readonly folder: string;
  readonly blame: Blame;
  readonly place: Path;
}

async function webhookConfig(given: JsonObject, around: Around): Promise<WebhookConfig> {
  const { blame, place } = around;
  const plugin = pluginOf(given, around);
  const schema = z.strictObject({ ...common.shape, ...plugin.options.shape });
  const own = plugin.options.safeParse(membersOf(given, plugin.options));
  const issue = schema.safeParse(given).error?.issues[0] ?? own.error?.issues[0];
  if (issue !== undefined) throw blame.issue({ issue, input: given, shape: webhookShape(plugin), place });
  const { url, authorization, events, secret, secrets, allowPrivate, required, ca } = common.parse(given);
  const options = own.data ?? {};
  const wrong = webhookProblem({ plugin, options, url, authorization, secret, secrets });
  if (wrong !== null) throw blame.at([...place, wrong.key], wrong.problem);
  const authorities = ca === undefined ? undefined : await authoritiesIn(ca, around);
  return {
    plugin,
    options,
    url,
    events,
    secrets: secrets ?? (secret === undefined ? [] : [secret]),
    allowPrivate,
    required,
    ...(authorization !== undefined && { authorization }),
    ...(authorities !== undefined && { ca: authorities }),
  };
}

function membersOf(given: JsonObject, { shape }: z.ZodObject): JsonObject {
  return Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(shape, key)));
}

function pluginOf({ format = 'json' }: JsonObject, { blame, place }: Around): FormatPlugin {
  const plugin = formatPlugins.find(({ type }) => type === format);
  if (plugin !== undefined) return plugin;
  const types = formatPlugins.map(({ type }) => type);
  const near = typeof format === 'string' ? didYouMean(format, types) : null;
  const hint = near === null ? undefined : `did you mean ${quoted(near)}?`;
  throw blame.at([...place, 'format'], `must be one of ${types.join(', ')}`, hint);
}

async function authoritiesIn(file: string, { folder, blame, place }: Around): Promise<string> {
  try {
    return await readFile(resolve(folder, file), 'utf8');
  } catch {
    throw blame.at([...place, 'ca'], 'names a file that cannot be read');
  }
}
