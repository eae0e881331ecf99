import type { Clock } from './clock.ts';
import { remaining } from './clock.ts';
import type { LiveRequest } from './live-request.ts';
import type { RequestView } from './ports.ts';

/** What the approval pages may know about a request. */
export function viewOf(request: LiveRequest, clock: Clock): RequestView {
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
    windowMs: operation === 'read' ? policy.ttlMs : 0,
    scope: policy.scope,
    openedAt: request.openedAt.wall,
    expiresAt: request.expiry.wall,
    remainingMs: remaining(clock, request.expiry),
    ...(decision === undefined ? {} : { decision }),
  };
}
