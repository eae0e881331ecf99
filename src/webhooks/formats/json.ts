import { z } from 'zod';
import { defineFormat } from './define.ts';
import type { Event } from './define.ts';
import { byStatus } from './judge.ts';

/** What was sent before there were formats, with the row's hash added. */
export const json = defineFormat({
  type: 'json',
  about: 'one JSON object an event',
  options: z.strictObject({}),
  format: () => ({
    contentType: 'application/json',
    batch: { events: 1, bytes: 1_000_000 },
    item: (event) => JSON.stringify(payloadOf(event)),
    body: (items) => items.join(''),
    judge: byStatus,
  }),
});

/** Keys in the order of the first version. */
function payloadOf(given: Event): Readonly<Record<string, unknown>> {
  const { event, timestamp } = given;
  if (given.event === 'test') return { event, timestamp };
  const { seq, hash } = given;
  if (given.event === 'checkpoint') return { event, timestamp, seq, hash, note: given.note };
  const { vault, secrets, reason, action, scope, ttlExpiresAt, operation, requestId, session, agent, approver } = given;
  const first = { event, timestamp, vault, secrets, reason, action, scope, ttlExpiresAt };
  return { ...first, operation, requestId, session, agent, approver, seq, hash };
}
