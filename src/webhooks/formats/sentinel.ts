import { z } from 'zod';
import { Secret } from '../../core/secret.ts';
import { defineFormat } from './define.ts';
import type { Answer, Event, Grant, Verdict } from './define.ts';
import { factsOf, messageOf, namesOf } from './facts.ts';
import { delivered, later, refused } from './judge.ts';

const id = z.string().regex(/^[A-Za-z0-9.-]{1,100}$/u, 'must be letters, digits, dots and hyphens');

const options = z.strictObject({
  tenantId: id.optional().describe('the tenant of the app that sends'),
  clientId: id.optional().describe('the app that sends'),
  clientSecret: z
    .string()
    .trim()
    .min(1)
    .transform((secret) => new Secret(secret))
    .optional()
    .meta({ description: "the app's secret", writeOnly: true }),
  authority: z
    .string()
    .regex(/^https?:\/\/[^/?#]+$/u, 'must be an address without a path')
    .default('https://login.microsoftonline.com')
    .describe('where tokens come from; sovereign clouds have their own'),
  scope: z.string().min(1).default('https://monitor.azure.com/.default').describe('what the token is for'),
});

/** The Logs Ingestion API of Azure Monitor: the address is that of a data collection rule's stream. */
export const sentinel = defineFormat({
  type: 'sentinel',
  about: 'Microsoft Sentinel by the Logs Ingestion API, as an app; or `authorization` is a whole bearer token',
  options,
  lacks: (given, { authorization }) =>
    grantOf(given) !== null || authorization ? null : 'needs tenantId, clientId and clientSecret',
  format: (given) => {
    const grant = grantOf(given);
    return {
      contentType: 'application/json',
      batch: { events: 500, bytes: 1_000_000 },
      ...(grant !== null && { grant }),
      address: versioned,
      authorize: (token) => ({ authorization: /^Bearer /iu.test(token) ? token : `Bearer ${token}` }),
      item: (event) => JSON.stringify(rowOf(event)),
      body: (items) => `[${items.join(',')}]`,
      judge,
    };
  },
});

function grantOf({ tenantId, clientId, clientSecret, authority, scope }: z.infer<typeof options>): Grant | null {
  if (tenantId === undefined || clientId === undefined || clientSecret === undefined) return null;
  return { url: `${authority}/${tenantId}/oauth2/v2.0/token`, clientId, clientSecret, scope };
}

function versioned(url: URL): URL {
  const target = new URL(url);
  if (!target.searchParams.has('api-version')) target.searchParams.set('api-version', '2023-01-01');
  return target;
}

/** Names of columns have letters, digits and underscores, 45 at most. */
function rowOf(event: Event): Readonly<Record<string, unknown>> {
  const head = { TimeGenerated: event.timestamp, EventId: event.id, EventType: factsOf(event).type };
  const told = { ...head, Outcome: factsOf(event).outcome, Message: messageOf(event) };
  if (event.event === 'test') return told;
  const proof = { ...told, Seq: event.seq, RowHash: event.hash };
  if (event.event === 'checkpoint') return { ...proof, Checkpoint: event.note };
  return {
    ...proof,
    Vault: event.vault,
    SecretNames: namesOf(event),
    Operation: event.operation,
    Reason: event.reason,
    Agent: event.agent,
    SessionId: event.session,
    RequestId: event.requestId,
    Approver: event.approver,
    Factor: event.factor,
    Scope: event.scope,
    WindowEnds: event.ttlExpiresAt,
  };
}

function judge(answer: Answer): Verdict {
  if (answer.status === 204 || answer.status === 200) return delivered;
  if (answer.status === 400 || answer.status === 413) return refused(`it answered ${answer.status}`);
  return later(answer);
}
