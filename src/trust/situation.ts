import { approvalDefaults } from '../config/build.ts';
import type { Config, VaultConfig, WebhookConfig } from '../config/config.ts';
import type { EffectivePolicy, VaultTerms, WebhookTerms } from '../config/terms.ts';
import type { VaultPolicy } from '../core/policy.ts';
import { isSame, isSameSource, meetApproval } from './difference.ts';
import { allowsVault, limited, typeRefusal } from './limits.ts';
import type { Limits } from './limits.ts';

/** What is known at one moment. */
export interface Facts {
  /** As it was read last. */
  readonly config: Config;
  /** What it allows, in its order. */
  readonly policy: EffectivePolicy;
  /** What a person approved, tightened by what was read since; null if no version of this config was ever approved. */
  readonly pinned: EffectivePolicy | null;
  readonly limits: Limits;
}

/** What follows from it. */
export interface Situation {
  /** In force now. */
  readonly policy: EffectivePolicy;
  readonly vaults: readonly PlacedVault[];
  readonly webhooks: readonly PlacedWebhook[];
  /**
   * Whether a webhook without which nothing may be released was approved, and cannot be told: it was taken out of the config, or is
   * another one there, which no person has approved. Otherwise one edit and a restart would let values leave unheard.
   */
  readonly lacksWitness: boolean;
}

interface PlacedVault {
  readonly config: VaultConfig;
  /** Null where the user's limits do not allow the vault at all. */
  readonly terms: VaultTerms | null;
}

interface PlacedWebhook {
  readonly config: WebhookConfig;
  readonly terms: WebhookTerms;
}

/**
 * Decides without doing. A vault whose source was approved has its approved policy, any other opens no window; a running process stays
 * with the source that it has until another is approved. A webhook fires if it was approved and its address is known: also one that is
 * in the file no more, while this process remembers it.
 * @param before null at the start
 */
export function situationOf(facts: Facts, before: Situation | null): Situation {
  const { limits } = facts;
  const now = limited(facts.policy, limits);
  const pinned = facts.pinned === null ? null : limited(facts.pinned, limits);
  const vaults = facts.config.vaults.map((config, at) => {
    const terms = facts.policy.vaults[at];
    if (terms === undefined || !allowsVault(limits, terms)) return { config: refused(config), terms: null };
    return placed({ config, terms }, pinned?.vaults ?? null, running(before, config.name));
  });
  const pinnedWebhooks = pinned?.webhooks ?? [];
  const webhooks = pinnedWebhooks.flatMap((terms) => known(terms, facts, before));
  const missing = pinnedWebhooks.filter((terms) => !webhooks.some((webhook) => webhook.terms === terms));
  const policy = {
    ...(pinned ?? now),
    vaults: vaults.flatMap(({ terms }) => (terms === null ? [] : [terms])),
    webhooks: webhooks.map(({ terms }) => terms),
    approval: pinned?.approval ?? { ...meetApproval(now.approval, approvalDefaults()) },
  };
  return { policy, vaults, webhooks, lacksWitness: missing.some(({ options }) => options['required'] === true) };
}

/** Vaults that are not as before, that came or that went. */
export function changedVaults(before: Situation, now: Situation): ReadonlySet<string> {
  const one = new Map(before.policy.vaults.map((terms) => [terms.name, terms]));
  const other = new Map(now.policy.vaults.map((terms) => [terms.name, terms]));
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return new Set(names.filter((name) => !isSame(one.get(name) ?? null, other.get(name) ?? null)));
}

interface Candidate {
  readonly config: VaultConfig;
  readonly terms: VaultTerms;
}

/** @param pinned null if no version of the config was ever approved */
function placed(now: Candidate, pinned: readonly VaultTerms[] | null, before: Candidate | undefined): PlacedVault {
  const approved = pinned?.find(({ name }) => name === now.config.name);
  const { config, terms } = sourceFor(now, approved, before);
  const policy =
    approved !== undefined && isSameSource(approved, terms)
      ? policyOf(approved)
      : { ...policyOf(approved ?? newcomer(now, pinned ?? [])), ttlMs: 0, scope: 'secret' as const };
  return { config: { ...config, policy }, terms: { ...terms, ...policy } };
}

/** It may be a known vault under another name: where any asks for the two digits, this one does. */
function newcomer({ terms }: Candidate, pinned: readonly VaultTerms[]): VaultTerms {
  return pinned.some(({ confirm }) => confirm === 'code') ? { ...terms, confirm: 'code' } : terms;
}

/** A vault that cannot work has no requests that could be led to another source. */
function sourceFor(now: Candidate, approved: VaultTerms | undefined, before: Candidate | undefined): Candidate {
  if (before === undefined || 'unavailable' in before.config) return now;
  if (isSameSource(before.terms, now.terms)) return before;
  return approved !== undefined && isSameSource(approved, now.terms) ? now : before;
}

function running(before: Situation | null, name: string): Candidate | undefined {
  const vault = before?.vaults.find(({ config }) => config.name === name);
  return vault === undefined || vault.terms === null ? undefined : { config: vault.config, terms: vault.terms };
}

function known(terms: WebhookTerms, { config, policy }: Facts, before: Situation | null): readonly PlacedWebhook[] {
  const at = policy.webhooks.findIndex((each) => isSame(each, terms));
  const found = config.webhooks[at] ?? before?.webhooks.find((each) => isSame(each.terms, terms))?.config;
  return found === undefined ? [] : [{ config: found, terms }];
}

function refused({ name, type, policy }: VaultConfig): VaultConfig {
  return { name, type, policy, unavailable: typeRefusal(name, type) };
}

/** Without where its secrets come from. */
export function policyOf({ ttlMs, scope, writable, confirm }: VaultTerms): VaultPolicy {
  return { ttlMs, scope, writable, confirm };
}
