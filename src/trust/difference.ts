import type { ApprovalConfig, EffectivePolicy, VaultTerms } from '../config/terms.ts';
import { canonical, sha256 } from '../core/canonical.ts';
import type { Json } from '../core/canonical.ts';
import type { VaultPolicy } from '../core/policy.ts';

/**
 * The policy that was approved, and of the present one only what tightens it: a shorter window, the secret instead of its vault, no
 * writing, a shorter expiry, two digits instead of a tap, fewer requests, a longer cool-down, a vault less. That needs nobody's approval.
 * A vault that is gone stays with what it may do least: otherwise it could come back with more, as if nobody had known it.
 */
export function meet(pinned: EffectivePolicy, now: EffectivePolicy): EffectivePolicy {
  const vaults = pinned.vaults.map((vault) => {
    const present = now.vaults.find(({ name }) => name === vault.name);
    return { ...vault, ...meetVault(vault, present ?? { ...vault, ttlMs: 0, scope: 'secret', writable: false }) };
  });
  return { ...pinned, vaults, approval: meetApproval(pinned.approval, now.approval) };
}

/** Of an approved policy, what a config can be compared with: without the vaults that it does not name any more. */
export function comparable(pinned: EffectivePolicy, now: EffectivePolicy): EffectivePolicy {
  const names = new Set(now.vaults.map(({ name }) => name));
  return { ...pinned, vaults: pinned.vaults.filter(({ name }) => names.has(name)) };
}

function meetVault(one: VaultPolicy, other: VaultPolicy): VaultPolicy {
  return {
    ttlMs: Math.min(one.ttlMs, other.ttlMs),
    scope: one.scope === 'vault' && other.scope === 'vault' ? 'vault' : 'secret',
    writable: one.writable && other.writable,
    confirm: one.confirm === 'tap' && other.confirm === 'tap' ? 'tap' : 'code',
  };
}

/** In less, nobody can approve anything: one edit would lock its owner out. Milliseconds. */
const shortestExpiryMs = 60_000;

/** How long a call blocks is neither tighter nor looser: the first one's stays. */
export function meetApproval(one: ApprovalConfig, other: ApprovalConfig): ApprovalConfig {
  return {
    expiresInMs: Math.min(one.expiresInMs, Math.max(other.expiresInMs, shortestExpiryMs)),
    waitMs: one.waitMs,
    maxOpen: Math.min(one.maxOpen, other.maxOpen),
    maxPerHour: Math.min(one.maxPerHour, other.maxPerHour),
    cooldownMs: Math.max(one.cooldownMs, other.cooldownMs),
  };
}

/** SHA-256 in hex. The order of vaults and of webhooks does not matter. */
export function digestOf({ vaults, webhooks, ...rest }: EffectivePolicy): string {
  return sha256(canonical({ ...rest, vaults: vaults.map(canonical).sort(), webhooks: webhooks.map(canonical).sort() }));
}

/** Whether both take their secrets from the same place, with the same means. */
export function isSameSource(one: VaultTerms, other: VaultTerms): boolean {
  return one.type === other.type && isSame(one.options, other.options);
}

export function isSame(one: Json, other: Json): boolean {
  return canonical(one) === canonical(other);
}
