import type { AuditAction, AuditRow, DecisionRecord } from './audit-row.ts';
import type { Json } from './canonical.ts';
import { canonical } from './canonical.ts';
import { isoTime } from './clock.ts';
import type { LiveRequest } from './live-request.ts';
import type { Decision, Entry, Operation, Session } from './request.ts';
import { oneLine } from './text.ts';

type Detail = Readonly<Record<string, Json>>;

/** What the rows of one step have in common. */
export interface Step {
  readonly action: AuditAction;
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly session: Session;
  readonly vault: string;
  readonly operation: Operation;
  readonly reason: string;
  readonly scope?: string;
  readonly requestId?: string;
  readonly decision?: Decision;
  readonly ttlExpiresAt?: number;
  readonly detail?: Detail;
}

/** One row per secret. The entry's id stands in `detail` where it says more than the name. */
export function rowsFor(entries: readonly Entry[], step: Step): AuditRow[] {
  return entries.map((entry) => ({
    timestamp: isoTime(step.at),
    secretName: oneLine(entry.name),
    reason: step.reason,
    action: step.action,
    scope: step.scope ?? null,
    ttlExpiresAt: step.ttlExpiresAt === undefined ? null : isoTime(step.ttlExpiresAt),
    vault: oneLine(step.vault),
    operation: step.operation,
    requestId: step.requestId ?? null,
    session: step.session.id,
    agent: step.session.agent,
    approver: step.decision?.approver.name ?? null,
    factor: step.decision?.approver.factor ?? null,
    detail: detailOf(entry, step.detail),
  }));
}

/** The rows of one step of a request, for all of its names. What `once` says stands in the first row only. */
export function requestRows(
  request: LiveRequest,
  action: AuditAction,
  at: number,
  detail: Detail = {},
  once: Detail = {},
): AuditRow[] {
  const { decision, session, vault, operation, reason, id, policy, otherReasons } = request;
  const step: Step = {
    action,
    at,
    session,
    vault,
    operation,
    reason,
    requestId: id,
    scope: operation === 'write' ? 'secret' : policy.scope,
    detail,
    ...(decision === undefined ? {} : { decision }),
    ...(decision?.until === undefined ? {} : { ttlExpiresAt: decision.until.wall }),
  };
  const [first, ...rest] = request.names;
  if (first === undefined) return [];
  const reasons = otherReasons.size > 0 ? { otherReasons: [...otherReasons] } : {};
  return [...rowsFor([first], { ...step, detail: { ...reasons, ...detail, ...once } }), ...rowsFor(rest, step)];
}

/** What was decided, complete enough to be checked later without this process. */
export function decisionRecord(request: LiveRequest, decision: Decision): DecisionRecord {
  const { id, session, operation, vault, names, reason, expiry } = request;
  const body = canonical({
    version: 1,
    request: id,
    approve: decision.approve,
    session: session.id,
    agent: session.agent,
    operation,
    vault,
    secrets: names.map(({ id, name, title, effect }) => ({ id, name: oneLine(name), title, effect })),
    reason,
    scope: request.policy.scope,
    until: decision.until === undefined ? null : isoTime(decision.until.wall),
    approver: decision.approver.name,
    factor: decision.approver.factor,
    decidedAt: isoTime(decision.at.wall),
    expiresAt: isoTime(expiry.wall),
  });
  return { requestId: id, body, assertion: null };
}

function detailOf(entry: Entry, detail: Detail | undefined): Detail | null {
  const id = entry.id !== '' && entry.id !== entry.name ? { secretId: oneLine(entry.id) } : {};
  const title = entry.title === undefined ? {} : { title: oneLine(entry.title) };
  const all = { ...id, ...title, ...detail };
  return Object.keys(all).length === 0 ? null : all;
}
