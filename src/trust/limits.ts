import { join } from 'node:path';
import { z } from 'zod';
import { blame } from '../config/explain.ts';
import { isObject, JsonFault, parseJson } from '../config/json.ts';
import type { EffectivePolicy, VaultTerms, WebhookTerms } from '../config/terms.ts';
import { shapeOf } from '../config/shape.ts';
import { VaultError } from '../core/errors.ts';
import { oneLine, shortened } from '../core/text.ts';
import { readSteadily } from '../platform/files.ts';

/** What the user allows at most, whatever a config says and whoever approved it. A missing key limits nothing. */
export type Limits = z.infer<typeof schema>;

const schema = z.strictObject({
  longestTtl: z.number().min(0).max(1440).optional().describe('minutes that any vault may remember an approval'),
  factor: z.enum(['totp', 'passkey']).optional().describe('the weakest that may decide'),
  webhookHosts: z.array(z.string().min(1)).optional().describe('hosts that events may be posted to'),
  vaultTypes: z.array(z.string().min(1)).optional().describe('types that a vault may have'),
  maxOpen: z.int().min(1).max(1000).optional().describe('requests that may wait for a person at once'),
});

/** The user's own `limits.json`. Rejects with `config_invalid`, naming file and key; a missing file limits nothing. */
export async function loadLimits(stateFolder: string): Promise<Limits> {
  const path = limitsFile(stateFolder);
  const read = await readSteadily(path, largest);
  if (read.kind === 'missing') return {};
  if (read.kind !== 'file') throw blame(path).at([], 'cannot be read', 'check who owns it and its mode');
  const given = parsed(path, read.bytes.toString('utf8'));
  const { data, error } = schema.safeParse(given);
  const issue = error?.issues[0];
  if (issue !== undefined) throw blame(path).issue({ issue, input: given, shape: shapeOf(schema), place: [] });
  return data ?? {};
}

export function limitsFile(stateFolder: string): string {
  return join(stateFolder, 'limits.json');
}

/** Vaults of other types and webhooks to other hosts are left out. */
export function limited(policy: EffectivePolicy, limits: Limits): EffectivePolicy {
  const { longestTtl = Infinity, maxOpen = Infinity } = limits;
  return {
    ...policy,
    vaults: policy.vaults
      .filter((vault) => allowsVault(limits, vault))
      .map((vault) => ({ ...vault, ttlMs: Math.min(vault.ttlMs, longestTtl * 60_000) })),
    webhooks: policy.webhooks.filter((webhook) => allowsWebhook(limits, webhook)),
    approval: { ...policy.approval, maxOpen: Math.min(policy.approval.maxOpen, maxOpen) },
  };
}

/** What `limited` took away, for the operator. A shorter window is seen on the page. */
export function limitNotices({ webhooks }: EffectivePolicy, limits: Limits): readonly string[] {
  return webhooks
    .filter((webhook) => !allowsWebhook(limits, webhook))
    .map(({ origin }) => `nothing is posted to ${shortened(origin, 200)}: your limits.json does not name this host`);
}

/** Why a vault of this type cannot be used. */
export function typeRefusal(vault: string, type: string): VaultError {
  const message = `vault "${oneLine(vault)}" is of type "${type}", which the user's own limits do not allow`;
  return new VaultError('vault_unavailable', message, { hint: 'add the type to "vaultTypes" in your limits.json' });
}

export function allowsVault({ vaultTypes }: Limits, { type }: Pick<VaultTerms, 'type'>): boolean {
  return vaultTypes === undefined || vaultTypes.includes(type);
}

/** Bytes. */
const largest = 64 * 1024;

/** A host without a port stands for all of its ports. */
function allowsWebhook({ webhookHosts }: Limits, { origin }: WebhookTerms): boolean {
  const { host, hostname } = new URL(origin);
  return webhookHosts?.some((each) => [host, hostname].includes(each.toLowerCase())) ?? true;
}

function parsed(path: string, text: string): unknown {
  try {
    const given = parseJson(text);
    if (isObject(given)) return given;
  } catch (thrown) {
    if (!(thrown instanceof JsonFault)) throw thrown;
    const { line, column, message } = thrown;
    throw blame(path).at([], `line ${line}, column ${column}: ${message}`);
  }
  throw blame(path).at([], 'must hold an object in braces');
}
