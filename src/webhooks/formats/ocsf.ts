import { z } from 'zod';
import { defineFormat } from './define.ts';
import type { Event, FormatContext, SecretEvent } from './define.ts';
import { factsOf, messageOf, namesOf } from './facts.ts';
import { byStatus } from './judge.ts';

/** Open Cybersecurity Schema Framework 1.8.0, class API Activity (6003) with the profile Security Control. */
export const ocsf = defineFormat({
  type: 'ocsf',
  about: 'the Open Cybersecurity Schema Framework 1.8.0, class API Activity; one JSON object an event',
  options: z.strictObject({}),
  format: (_, context) => ({
    contentType: 'application/json',
    batch: { events: 1, bytes: 1_000_000 },
    item: (event) => JSON.stringify(eventOf(event, context)),
    body: (items) => items.join(''),
    judge: byStatus,
  }),
});

const classUid = 6003;

function eventOf(event: Event, { host, version }: FormatContext): Readonly<Record<string, unknown>> {
  const { type, outcome, severity } = factsOf(event);
  const activity = activityOf(event);
  const product = { name: 'agent-vault', vendor_name: 'agent-vault', version };
  return {
    metadata: { version: '1.8.0', uid: event.id, ...sequence(event), ...profile, log_name: 'audit', product },
    time: Date.parse(event.timestamp),
    category_uid: 6,
    class_uid: classUid,
    activity_id: activity,
    ...(activity === other && { activity_name: type }),
    type_uid: classUid * 100 + activity,
    severity_id: severityOf(severity),
    status_id: statuses[outcome],
    ...dispositionOf(event),
    message: messageOf(event),
    actor: actorOf(event),
    api: { operation: type, service: { name: 'agent-vault', version }, ...request(event) },
    src_endpoint: { hostname: host },
    ...(event.event === 'secret_access' && resourcesOf(event)),
    ...(event.event !== 'test' && { unmapped: unmappedOf(event) }),
  };
}

const profile = { profiles: ['security_control'] };

const statuses = { unknown: 0, success: 1, failure: 2 } as const;

const [create, read, update, remove, other] = [1, 2, 3, 4, 99];

function activityOf(event: Event): number {
  if (event.event !== 'secret_access') return other;
  if (event.action === 'paired') return create;
  if (event.action === 'unpaired' || event.action === 'reset') return remove;
  return event.action === 'config_approved' || event.operation === 'write' ? update : read;
}

/** 1 Informational, 2 Low, 3 Medium, 4 High. */
function severityOf(severity: number): number {
  return severity < 4 ? 1 : severity < 6 ? 2 : severity < 8 ? 3 : 4;
}

/** Approved 8, Rejected 25, Access Revoked 24, Error 27, Logged 17. */
function dispositionOf(event: Event): { action_id: number; disposition_id: number } {
  const { allowed } = factsOf(event);
  if (allowed !== null) return allowed ? { action_id: 1, disposition_id: 8 } : { action_id: 2, disposition_id: 25 };
  const action = event.event === 'secret_access' ? event.action : null;
  if (action === 'unpaired' || action === 'reset' || action === 'window_closed')
    return { action_id: 2, disposition_id: 24 };
  return { action_id: 0, disposition_id: action === 'failed' ? 27 : 17 };
}

/** Version 1.8 has no place for an agent; `app_name` is the client that asks. */
function actorOf(event: Event): Readonly<Record<string, unknown>> {
  if (event.event !== 'secret_access') return { app_name: 'agent-vault' };
  const { agent, approver, session } = event;
  return {
    app_name: agent === '' ? 'agent-vault' : agent,
    ...(approver !== null && { user: { name: approver } }),
    ...(session !== '' && { session: { uid: session } }),
  };
}

function request(event: Event): { request?: { uid: string } } {
  return event.event === 'secret_access' && event.requestId !== null ? { request: { uid: event.requestId } } : {};
}

function sequence(event: Event): { sequence?: number } {
  return event.event === 'test' ? {} : { sequence: event.seq };
}

function resourcesOf(event: SecretEvent): { resources?: readonly unknown[] } {
  const names = namesOf(event);
  const group = event.vault === '' ? {} : { group: { name: event.vault } };
  return names.length === 0 ? {} : { resources: names.map((name) => ({ name, type: 'secret', ...group })) };
}

function unmappedOf(event: Exclude<Event, { event: 'test' }>): Readonly<Record<string, unknown>> {
  if (event.event === 'checkpoint') return { hash: event.hash, note: event.note };
  const { hash, reason, operation, vault, factor, scope, ttlExpiresAt } = event;
  return { hash, reason, operation, vault, factor, scope, ttlExpiresAt };
}
