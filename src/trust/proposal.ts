import type { EffectivePolicy } from '../config/terms.ts';
import type { Proposal } from '../core/policies.ts';
import { oneLine } from '../core/text.ts';
import { comparable, digestOf } from './difference.ts';
import { limited } from './limits.ts';
import { allLines, changedLines } from './lines.ts';
import type { Facts } from './situation.ts';

/** The policy that a person would approve: the config's, within the user's limits. */
export function proposedPolicy({ policy, limits }: Facts): EffectivePolicy {
  return limited(policy, limits);
}

/** Null if there is nothing to approve. */
export function proposalOf(facts: Facts): Proposal | null {
  const now = proposedPolicy(facts);
  const pinned = facts.pinned === null ? null : comparable(limited(facts.pinned, facts.limits), now);
  const digest = digestOf(now);
  if (pinned !== null && digestOf(pinned) === digest) return null;
  const lines = pinned === null ? allLines(now) : changedLines(pinned, now);
  return { digest, isNew: pinned === null, file: nameOf(facts), lines };
}

function nameOf({ config: { file, folder } }: Facts): string {
  return file === null ? `the environment, in ${oneLine(folder)}` : oneLine(file);
}
