import { z } from 'zod';
import { auditActions } from '../core/audit-row.ts';
import type { CheckpointEvent, SecretEvent } from './formats/define.ts';

/** What can wait in the outbox. */
export type StoredEvent = SecretEvent | CheckpointEvent;

/** Not in any format: an endpoint's format may change before an event is sent. */
export function bodyOf(event: StoredEvent): string {
  return JSON.stringify(event);
}

/** Null for what `bodyOf` has not made, or a newer Agent Vault has: whoever writes the database's file can put anything there. */
export function parseBody(body: string): StoredEvent | null {
  try {
    return stored.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

const hash = z.string().regex(/^[0-9a-f]{64}$/u);
const timestamp = z.iso.datetime();
const seq = z.int().positive();

const secret: z.ZodType<SecretEvent> = z.object({
  event: z.literal('secret_access'),
  timestamp,
  vault: z.string(),
  secrets: z.array(z.string()),
  reason: z.string(),
  action: z.enum(auditActions),
  scope: z.string().nullable(),
  ttlExpiresAt: z.string().nullable(),
  operation: z.string(),
  requestId: z.string().nullable(),
  session: z.string(),
  agent: z.string(),
  approver: z.string().nullable(),
  seq,
  id: z.string().regex(/^evt_\d+$/u),
  hash,
  factor: z.string().nullable(),
});

const checkpoint: z.ZodType<CheckpointEvent> = z.object({
  event: z.literal('checkpoint'),
  id: z.string().regex(/^chk_\d+$/u),
  timestamp,
  seq,
  hash,
  note: z.string(),
});

const stored = z.union([secret, checkpoint]);
