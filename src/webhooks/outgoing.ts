import type { CommittedRow } from '../core/audit-row.ts';
import type { Decision } from './events.ts';
import { webhookEvent } from './events.ts';
import type { CheckpointEvent, SecretEvent, TestEvent } from './formats/define.ts';

/** The head of the audit log, signed. */
export interface Checkpoint {
  readonly size: number;
  readonly head: string;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly note: string;
}

/** A decision as it is sent. */
export function secretEvent(decision: Decision): SecretEvent {
  const { seq, hash, factor }: CommittedRow = decision.last;
  return { ...webhookEvent(decision), id: `evt_${padded(seq)}`, hash, factor };
}

/** A checkpoint covers the row of the same number, which is an event of its own: hence another prefix. */
export function checkpointEvent({ size, head, timestamp, note }: Checkpoint): CheckpointEvent {
  return { event: 'checkpoint', id: `chk_${padded(size)}`, timestamp, seq: size, hash: head, note };
}

/** @param nonce without a dot */
export function testEvent(nonce: string, timestamp: string): TestEvent {
  return { event: 'test', id: `test_${nonce}`, timestamp };
}

/** Sorts like the number, as long as there are fewer than ten thousand million rows. */
function padded(seq: number): string {
  return String(seq).padStart(10, '0');
}
