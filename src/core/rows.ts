import type { AuditAction, AuditRow } from './audit-row.ts';
import type { Json } from './canonical.ts';
import { isoTime } from './clock.ts';
import type { LiveRequest } from './live-request.ts';
import type { Approver, Decision, Entry, Operation, Session } from './request.ts';
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
    scope: operation === 'write' ? 'secret' : (decision?.scope ?? policy.scope),
    detail,
    ...(decision === undefined ? {} : { decision }),
    ...(decision?.until === undefined ? {} : { ttlExpiresAt: decision.until.wall }),
  };
  const [first, ...rest] = request.names;
  if (first === undefined) return [];
  const reasons = otherReasons.size > 0 ? { otherReasons: [...otherReasons] } : {};
  return [...rowsFor([first], { ...step, detail: { ...reasons, ...detail, ...once } }), ...rowsFor(rest, step)];
}

/** The rows of a decision: what was approved, and of a batch also what was not. */
export function decisionRows(request: LiveRequest, decision: Decision): AuditRow[] {
  const decided = { ...request, decision };
  const note = {
    ...(decision.note === undefined ? {} : { note: decision.note }),
    ...(decision.mute ? { mute: true } : {}),
  };
  const at = decision.at.wall;
  if (!decision.approve) return requestRows(decided, 'denied', at, note);
  const { until: _, ...refusal } = decision;
  const refused = { ...request, decision: refusal, names: request.names.filter(({ id }) => !decision.allowed.has(id)) };
  const approved = { ...decided, names: request.names.filter(({ id }) => decision.allowed.has(id)) };
  return [...requestRows(approved, 'approved', at), ...requestRows(refused, 'denied', at, note)];
}

/** A row about no secret: what decides about all of them, and who did it. */
export function eventRow(
  action: AuditAction,
  { at, approver, detail, reason = '' }: { at: number; approver: Approver; detail: Detail; reason?: string },
): AuditRow {
  return {
    timestamp: isoTime(at),
    secretName: '',
    reason,
    action,
    scope: null,
    ttlExpiresAt: null,
    vault: '',
    operation: '',
    requestId: null,
    session: '',
    agent: '',
    approver: approver.name,
    factor: approver.factor,
    detail,
  };
}

function detailOf(entry: Entry, detail: Detail | undefined): Detail | null {
  const id = entry.id !== '' && entry.id !== entry.name ? { secretId: oneLine(entry.id) } : {};
  const title = entry.title === undefined ? {} : { title: oneLine(entry.title) };
  const all = { ...id, ...title, ...detail };
  return Object.keys(all).length === 0 ? null : all;
}
