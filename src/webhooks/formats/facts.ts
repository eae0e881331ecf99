import type { AuditAction } from '../../core/audit-row.ts';
import { oneLine } from '../../core/text.ts';
import type { Event, SecretEvent } from './define.ts';

/** What an event is, in the terms that formats share. */
export interface Facts {
  /** "secret.access.approved": letters, digits, full stops and underscores. */
  readonly type: string;
  /** "Access approved". */
  readonly title: string;
  readonly outcome: 'success' | 'failure' | 'unknown';
  /** Whether somebody or something allowed it or not; null where that is not the question. */
  readonly allowed: boolean | null;
  /** 0 to 10, as CEF counts. */
  readonly severity: number;
}

export function factsOf(event: Event): Facts {
  const [type, title, outcome, allowed, severity] = rowOf(event);
  return { type, title, outcome, allowed, severity };
}

/** In one line, harmless to whoever prints it: "Access approved: DB_URL in vault dev (read) for claude-code 2.1, by Anna's phone". */
export function messageOf(event: Event): string {
  const { title } = factsOf(event);
  if (event.event === 'test') return title;
  if (event.event === 'checkpoint') return `${title}: ${event.seq} rows, the last one's hash is ${event.hash}`;
  const names = namesOf(event);
  const what = names.length === 0 ? '' : `: ${listed(names, 10)}`;
  const where = event.vault === '' ? '' : ` in vault ${oneLine(event.vault)} (${event.operation})`;
  const whom = event.agent === '' ? '' : ` for ${oneLine(event.agent)}`;
  const by = event.approver === null ? '' : `, by ${oneLine(event.approver)}`;
  return `${title}${what}${where}${whom}${by}`;
}

/** All that is known of an event, in the order in which formats without an order of their own write it. */
export function recordOf(event: Event): Readonly<Record<string, unknown>> {
  const { id, timestamp } = event;
  const head = { id, type: factsOf(event).type, timestamp };
  if (event.event === 'test') return head;
  const { seq, hash } = event;
  if (event.event === 'checkpoint') return { ...head, seq, hash, note: event.note };
  const { action, operation, vault, reason, agent, session, requestId, approver, factor, scope, ttlExpiresAt } = event;
  const about = { action, operation, vault, secrets: namesOf(event), reason, agent, session, requestId };
  return { ...head, seq, hash, ...about, approver, factor, scope, ttlExpiresAt };
}

/** None where it is about no secret. */
export function namesOf({ secrets }: SecretEvent): readonly string[] {
  return secrets.filter((name) => name !== '');
}

/** The first of many, saying how many more there are. */
export function listed(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map(oneLine).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

type Row = readonly [Facts['type'], Facts['title'], Facts['outcome'], Facts['allowed'], Facts['severity']];

const actions: Readonly<Record<AuditAction, Row>> = {
  requested: ['secret.access.requested', 'Access requested', 'unknown', null, 2],
  approved: ['secret.access.approved', 'Access approved', 'success', true, 3],
  denied: ['secret.access.denied', 'Access denied', 'failure', false, 5],
  auto_approved: ['secret.access.auto_approved', 'Access covered by an earlier approval', 'success', true, 3],
  released: ['secret.access.released', 'Secret released', 'success', true, 4],
  refused: ['secret.access.refused', 'Access refused without asking', 'failure', false, 4],
  expired: ['secret.access.expired', 'Request expired', 'failure', false, 2],
  lapsed: ['secret.access.lapsed', 'Approval lapsed unused', 'failure', false, 2],
  withdrawn: ['secret.access.withdrawn', 'Request withdrawn', 'failure', null, 1],
  failed: ['secret.access.failed', 'Access failed', 'failure', null, 4],
  abandoned: ['secret.access.abandoned', 'Request abandoned by its process', 'failure', null, 2],
  lifted: ['secret.access.lifted', 'Cool-down after a denial lifted', 'success', null, 4],
  window_closed: ['secret.window.closed', 'Remembered approval ended', 'success', null, 2],
  config_approved: ['config.approved', 'Config approved', 'success', true, 6],
  paired: ['approver.paired', 'Approver paired', 'success', null, 7],
  unpaired: ['approver.unpaired', 'Approver removed', 'success', null, 7],
  reset: ['approver.reset', 'All approvers removed', 'success', null, 9],
  pruned: ['audit.pruned', 'Old rows of the audit log removed', 'success', null, 6],
};

const checkpoint: Row = ['audit.checkpoint', 'Audit log checkpoint', 'success', null, 1];
const test: Row = ['webhook.test', 'Test of this webhook', 'success', null, 0];

function rowOf(event: Event): Row {
  if (event.event === 'checkpoint') return checkpoint;
  return event.event === 'test' ? test : actions[event.action];
}
