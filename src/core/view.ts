import type { Clock } from './clock.ts';
import { remaining } from './clock.ts';
import type { LiveRequest } from './live-request.ts';
import type { Policies } from './policies.ts';
import type { VaultPolicy } from './policy.ts';
import type { ProposalView, RequestView } from './ports.ts';
import type { RequestId, Scope } from './request.ts';

export interface Viewing {
  readonly clock: Clock;
  readonly policies: Policies;
  readonly others: readonly RequestId[];
  readonly coolingMs: number;
}

/** What the approval pages may know about a request. */
export function viewOf(request: LiveRequest, { clock, policies, others, coolingMs }: Viewing): RequestView {
  const { id, state, operation, vault, vaultType, names, reason, session, policy, decision } = request;
  return {
    id,
    state,
    operation,
    vault,
    vaultType,
    names,
    reason,
    session,
    ...widest(request, policies.policyOf(vault, false)),
    openedAt: request.openedAt.wall,
    expiresAt: request.expiry.wall,
    remainingMs: remaining(clock, request.expiry),
    needsCode: policy.confirm === 'code',
    proposal: decision === undefined ? proposalOf(request, policies) : null,
    others,
    coolingMs,
    ...(decision === undefined ? {} : { decision }),
  };
}

/** The longest and widest window that a request may open under a policy; null for a vault that is not there. */
export function widest({ operation }: Pick<LiveRequest, 'operation'>, policy: VaultPolicy | null): Widest {
  if (operation === 'write' || policy === null || policy.ttlMs === 0) return { windowMs: 0, scope: 'secret' };
  return { windowMs: policy.ttlMs, scope: policy.scope };
}

interface Widest {
  readonly windowMs: number;
  readonly scope: Scope;
}

function proposalOf(request: LiveRequest, policies: Policies): ProposalView | null {
  const proposal = policies.proposal();
  return proposal && { ...proposal, ...widest(request, policies.policyOf(request.vault, true)) };
}
