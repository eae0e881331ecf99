import type { Config, VaultConfig, WebhookConfig } from '../config/config.ts';
import type { ApprovalConfig } from '../config/terms.ts';
import type { Clock } from '../core/clock.ts';
import { isoTime } from '../core/clock.ts';
import type { Policies, Proposal } from '../core/policies.ts';
import type { Log } from '../core/ports.ts';
import type { Approver } from '../core/request.ts';
import { shared } from '../platform/shared.ts';
import { digestOf } from './difference.ts';
import { proposalOf, proposedPolicy } from './proposal.ts';
import { openReader } from './reader.ts';
import { changedVaults, policyOf, situationOf } from './situation.ts';
import { startOf, waitsForStart } from './start.ts';
import type { Start } from './start.ts';
import { createTurns } from './turns.ts';

export interface TrustOptions {
  readonly config: Config;
  /** Loads the config again, from the same place and with the same copy of the environment. */
  readonly reload: () => Promise<Config>;
  /** The account's. Where it cannot be used, nothing counts as approved, and nothing can be. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after something in force has changed, whether by an edit, an approval or another process; not before `openTrust` has resolved. */
  readonly onChange: (changed: Changed) => void;
}

export interface Changed {
  /** Vaults whose policy or source is another than before, or that came or went: their windows must close. */
  readonly vaults: ReadonlySet<string>;
}

/** What counts now. What `Start` says stays as it was; a tunnel that was not approved refuses to connect and says so. */
export interface InForce extends Start {
  /** Each with the policy in force. The same `open` as before means the same source: its provider can be kept. */
  readonly vaults: readonly VaultConfig[];
  /** Those that may be told. */
  readonly webhooks: readonly WebhookConfig[];
  /** Whether nothing may be released, because a webhook that must hear of it first cannot be told: see `Situation`. */
  readonly lacksWitness: boolean;
  readonly approval: ApprovalConfig;
}

/** The policy in force, and what the composition root makes of it. */
export interface Trust extends Policies {
  inForce(): InForce;
  /** The weakest factor that the user's own limits let decide. */
  requiredFactor(): Approver['factor'];
}

/** Reads what was approved before. Rejects with `config_invalid` where the user's own limits are not what they must be. */
export async function openTrust(options: TrustOptions): Promise<Trust> {
  const { clock, log, onChange } = options;
  const reader = await openReader(options);
  const first = reader.facts();
  const start = startOf(first);
  let facts = first;
  let situation = situationOf(facts, null);
  let version = digestOf(situation.policy);
  let proposal: Proposal | null = null;
  let seen: string | null = null;

  const propose = (): void => {
    proposal = reader.trouble() === null ? proposalOf(facts) : null;
    if (proposal !== null) log.once(...announcementOf(proposal));
  };

  const settle = (): void => {
    const before = situation;
    facts = reader.facts();
    situation = situationOf(facts, before);
    propose();
    const old = version;
    version = digestOf(situation.policy);
    if (old !== version) onChange({ vaults: changedVaults(before, situation) });
  };

  const inTurn = createTurns();
  const look = async (): Promise<void> => {
    const stamp = await reader.stamp();
    if (stamp === seen) return;
    seen = (await reader.read()) ? stamp : null;
    settle();
  };

  const accept = async (digest: string, by: Approver): Promise<boolean> => {
    const trouble = reader.trouble();
    if (trouble !== null) throw trouble;
    if (proposal?.digest !== digest) return false;
    const policy = proposedPolicy(facts);
    await reader.approve({ policy, approvedAt: isoTime(clock.wall()), by });
    settle();
    const waits = waitsForStart(first, policy);
    if (waits !== null) log.warn(`the config was approved; ${waits} will be as it says from the next start on`);
    return true;
  };

  propose();
  return {
    look: shared(() =>
      inTurn(look).catch((thrown: unknown) => log.once(`the config could not be looked at: ${String(thrown)}`)),
    ),
    version: () => version,
    proposal: () => proposal,
    policyOf: (vault, withProposal) => {
      const { vaults } = withProposal && proposal !== null ? proposedPolicy(facts) : situation.policy;
      const terms = vaults.find(({ name }) => name === vault);
      return terms === undefined ? null : policyOf(terms);
    },
    accept: (digest, by) => inTurn(() => accept(digest, by)),
    inForce: () => ({
      ...start,
      vaults: situation.vaults.map(({ config }) => config),
      webhooks: situation.webhooks.map(({ config }) => config),
      lacksWitness: situation.lacksWitness,
      approval: situation.policy.approval,
    }),
    requiredFactor: () => facts.limits.factor ?? 'link',
  };
}

function announcementOf({ isNew, file }: Proposal): [message: string, hint: string] {
  const hint = 'the page of the next request shows what is new, and lets you approve it';
  return isNew
    ? [`nobody has approved ${file} yet: until then nothing is posted, and every read asks`, hint]
    : [`${file} allows more than you approved: until you approve that too, it does not count`, hint];
}
