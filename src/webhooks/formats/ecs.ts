import { z } from 'zod';
import { defineFormat } from './define.ts';
import type { Answer, Event, FormatContext, SecretEvent, Verdict } from './define.ts';
import { factsOf, messageOf, namesOf } from './facts.ts';
import { delivered, jsonOf, later, refused } from './judge.ts';

const options = z.strictObject({
  index: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/u, 'must be the name of a data stream: lower case, digits, “.”, “_” and “-”')
    .default('logs-agent_vault.audit-default')
    .describe('the data stream or index'),
});

/** Elastic Common Schema 9.4 by the bulk API. What the schema has no field for stands under `agent_vault`. */
export const ecs = defineFormat({
  type: 'ecs',
  about: "Elasticsearch's bulk API in the Elastic Common Schema; `authorization` is an API key",
  options,
  format: ({ index }, context) => ({
    contentType: 'application/x-ndjson',
    batch: { events: 500, bytes: 5_000_000 },
    answerBytes: 64 * 1024,
    address: (url) => bulk(url, index),
    authorize: (key) => ({ authorization: key.includes(' ') ? key : `ApiKey ${key}` }),
    item: (event) =>
      `{"create":{"_id":${JSON.stringify(idOf(event))}}}\n${JSON.stringify(documentOf(event, context))}\n`,
    body: (items) => items.join(''),
    judge,
  }),
});

function bulk(url: URL, index: string): URL {
  const target = new URL(url);
  if (target.pathname === '/') target.pathname = `/${index}/_bulk`;
  target.searchParams.set('filter_path', 'errors,items.*.status');
  return target;
}

/** Two logs may number alike; the hash of a row is of one log alone, so 409 can only mean that it is there. */
function idOf(event: Event): string {
  return event.event === 'test' ? event.id : `${event.id}-${event.hash}`;
}

function documentOf(event: Event, { host, version }: FormatContext): Readonly<Record<string, unknown>> {
  const { type, outcome, allowed, severity } = factsOf(event);
  const { id, timestamp } = event;
  return {
    '@timestamp': timestamp,
    ecs: { version: '9.4.0' },
    message: messageOf(event),
    event: {
      kind: 'event',
      ...classOf(event, allowed),
      action: type.replaceAll(/[._]/gu, '-'),
      outcome,
      id,
      ...(event.event !== 'test' && { sequence: event.seq, hash: event.hash }),
      ...(event.event === 'secret_access' && event.reason !== '' && { reason: event.reason }),
      provider: 'agent-vault',
      dataset: 'agent_vault.audit',
      severity,
    },
    ...(event.event === 'secret_access' && peopleOf(event)),
    host: { name: host },
    service: { name: 'agent-vault', type: 'agent-vault', version },
    observer: { vendor: 'agent-vault', product: 'agent-vault', type: 'secrets-broker', version },
    ...(event.event !== 'test' && { agent_vault: ownFields(event) }),
  };
}

function peopleOf({ approver, agent }: SecretEvent): Readonly<Record<string, unknown>> {
  return {
    ...(approver !== null && { user: { name: approver } }),
    ...(agent !== '' && { gen_ai: { agent: { name: agent } } }),
  };
}

function ownFields(event: Exclude<Event, { event: 'test' }>): Readonly<Record<string, unknown>> {
  if (event.event === 'checkpoint') return { note: event.note };
  const { action, operation, vault, session, factor, scope } = event;
  const own = { action, operation, vault, secrets: namesOf(event), session, factor, scope };
  return { ...own, request_id: event.requestId, ttl_expires_at: event.ttlExpiresAt };
}

/** `allowed` and `denied` are expected types of `api`, and not of `iam`. */
function classOf(event: Event, allowed: boolean | null): { category: string[]; type: string[] } {
  if (event.event !== 'secret_access') return { category: ['api'], type: ['info'] };
  if (event.operation === '') return { category: ['configuration'], type: ['change'] };
  return { category: ['api'], type: ['access', ...(allowed === null ? [] : [allowed ? 'allowed' : 'denied'])] };
}

const answer = z.object({ items: z.array(z.record(z.string(), z.object({ status: z.int() }))) });

function judge(given: Answer): Verdict | readonly Verdict[] {
  if (given.status === 413 || given.status === 400) return refused(`it answered ${given.status}`);
  if (given.status !== 200) return later(given);
  const items = answer.safeParse(jsonOf(given)).data?.items;
  return (
    items?.map((item) => verdictOf(Object.values(item)[0]?.status ?? 0)) ?? later(given, 'its answer is incomplete')
  );
}

/** 409: it was delivered before. */
function verdictOf(status: number): Verdict {
  if (status === 200 || status === 201 || status === 409) return delivered;
  if (status === 400 || status === 413) return refused(`it refused the document with ${status}`);
  return { kind: 'retry', why: `it answered ${status} for the document` };
}
