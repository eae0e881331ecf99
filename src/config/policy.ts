import type { Json } from '../core/canonical.ts';
import type { Config, WebhookConfig } from './config.ts';
import { described, describedMembers, isVariable } from './described.ts';
import type { Describing, Keyed } from './described.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import type { EffectivePolicy, TunnelTerms, WebhookTerms } from './terms.ts';
import { ownToken, tunnelOptions } from './tunnel.ts';
import { vaultOptions } from './vaults.ts';
import type { Surroundings } from './vaults.ts';

export interface PolicySource {
  /** Checked. */
  readonly config: Pick<Config, 'vaults' | 'webhooks' | 'port' | 'auditFile' | 'anchor' | 'approval'>;
  /** The file it was made from. */
  readonly written: JsonObject;
  readonly around: Surroundings;
  readonly describeWebhooks: (described: DescribedWebhooks) => readonly WebhookTerms[];
}

export interface DescribedWebhooks {
  readonly webhooks: readonly WebhookConfig[];
  /** As they stand in the file, in the same order. */
  readonly written: readonly JsonObject[];
  readonly by: Describing;
}

/** Vaults and webhooks in the order of the config. */
export function policyOf(source: PolicySource, keyed: Keyed): EffectivePolicy {
  const { config, written, around, describeWebhooks } = source;
  const by = { ...around, keyed };
  const vaults = membersOf(written['vaults']);
  const webhooks = isList(written['webhooks']) ? written['webhooks'].map(membersOf) : [];
  return {
    vaults: config.vaults.map(({ name, type, policy }) => {
      const { options, shape } = vaultOptions(type, membersOf(vaults[name]));
      return { name, type, ...policy, options: describedMembers(options, shape, by) };
    }),
    webhooks: describeWebhooks({ webhooks: config.webhooks, written: webhooks, by }),
    tunnel: tunnelTerms(written, around, by),
    port: config.port,
    auditFile: config.auditFile?.toWellFormed() ?? null,
    anchor: config.anchor?.toWellFormed() ?? null,
    approval: config.approval,
  };
}

function tunnelTerms(written: JsonObject, around: Surroundings, by: Describing): TunnelTerms {
  const { type, own, shape, isNgrok } = tunnelOptions(membersOf(written['tunnel']), by.variables);
  const options = describedMembers(own, shape, by);
  if (!isNgrok) return { type, token: null, domain: null, options };
  const token = described(written['ngrokAuthToken'] || `env:${ownToken}`, tokenShape, by);
  const domain = described(written['ngrokDomain'] ?? null, {}, by);
  return { type, token: isOwn(token, around) ? 'environment' : token, domain, options };
}

const tokenShape = { writeOnly: true };

/** A `.env` beside the config belongs to the config. */
function isOwn(token: Json, { isInEnvironment, variables }: Surroundings): boolean {
  if (!isVariable(token) || token.variable !== ownToken) return false;
  return isInEnvironment(ownToken) || variables(ownToken) === undefined;
}

function membersOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
