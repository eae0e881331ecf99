import type { Draft } from './choice.ts';
import type { Clock } from './clock.ts';
import { deadlineIn, plus } from './clock.ts';
import { allowedBy } from './drafting.ts';
import { asVaultError } from './errors.ts';
import type { LiveRequest } from './live-request.ts';
import type { Policies } from './policies.ts';
import type { AuditLog, Log } from './ports.ts';
import type { Decision, Proof } from './request.ts';
import { decisionRows, eventRow } from './rows.ts';
import type { Windows } from './windows.ts';

export interface Recording {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly policies: Policies;
  readonly windows: Windows;
}

export interface Deciding {
  readonly request: LiveRequest;
  readonly draft: Draft;
  readonly proof: Proof;
}

/**
 * Commits a decision with its rows, and lets the config take effect that was approved along with it. Null for an approval that could
 * not be written down; a denial counts all the same.
 */
export async function recordDecision({ request, draft, proof }: Deciding, parts: Recording): Promise<Decision | null> {
  const { audit, clock, log, windows } = parts;
  const decision = decisionOf(request, draft, proof, clock);
  request.decidedAt = windows.moment();
  const { config } = draft.choice;
  const record = { requestId: request.id, body: draft.body, assertion: proof.assertion };
  try {
    await audit.append([...decisionRows(request, decision), ...configRows(request, decision, config)], record);
  } catch {
    if (decision.approve) return null;
    log.warn(`the denial of request ${request.id} could not be written to the audit log; it is denied all the same`);
  }
  return config === null ? decision : accepted(request, decision, config, parts);
}

function decisionOf(request: LiveRequest, { choice }: Draft, { approver }: Proof, clock: Clock): Decision {
  const at = deadlineIn(clock, 0);
  const { approve, windowMs, scope, note, mute, config } = choice;
  return {
    approve,
    approver,
    at,
    scope,
    allowed: new Set(allowedBy(request, choice).map(({ id }) => id)),
    ...(windowMs > 0 ? { until: plus(at, windowMs) } : {}),
    ...(note === null ? {} : { note }),
    ...(mute ? { mute } : {}),
    ...(config === null ? {} : { config: true }),
  };
}

function configRows({ id }: LiveRequest, { at, approver }: Decision, config: string | null) {
  if (config === null) return [];
  return [eventRow('config_approved', { at: at.wall, approver, detail: { config, request: id } })];
}

/** With the config as it was proposed. If that cannot be, what was approved counts once. */
async function accepted(
  request: LiveRequest,
  decision: Decision,
  config: string,
  { policies, windows, log }: Recording,
): Promise<Decision> {
  const { until: _, config: __, ...once } = decision;
  try {
    const isAccepted = await policies.accept(config, decision.approver);
    // What the change itself has closed are windows of the policy before it.
    request.decidedAt = windows.moment();
    if (isAccepted) return decision;
    log.warn(`the config changed again while request ${request.id} was decided; it has to be approved anew`);
  } catch (thrown) {
    const { message, hint } = asVaultError(thrown, 'internal', 'an internal error');
    log.warn(`the config that was approved with request ${request.id} is not in force: ${message}`, hint);
  }
  return once;
}
