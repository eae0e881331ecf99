import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/webhooks/formats/define.ts';
import { secretEvent } from '../../src/webhooks/outgoing.ts';
import type { QueuedEvent, Settlement } from '../../src/webhooks/queue.ts';
import { settlementOf } from '../../src/webhooks/settlement.ts';
import { committedRow } from './support.ts';

const ok: Verdict = { kind: 'delivered' };
const again: Verdict = { kind: 'retry', why: 'it answered 500' };
const never: Verdict = { kind: 'refused', why: 'too large' };
const gone: Verdict = { kind: 'disable', why: 'it is gone' };

function queued(row: number): QueuedEvent {
  const last = committedRow(row);
  return { row, event: secretEvent({ rows: [last], last }), attempts: 2, createdAt: 0 };
}

function settled(verdicts: readonly Verdict[], isDue = true): Settlement {
  return settlementOf({ events: [1, 2, 3].map(queued), verdicts, now: 1000, isDue, chance: 0 });
}

describe('what becomes of the events of a message', () => {
  test('follows each one its own verdict', () => {
    expect(settled([ok, never, ok])).toEqual({
      now: 1000,
      delivered: [1, 3],
      dead: [{ row: 2, problem: 'too large' }],
      failed: null,
      pausedUntil: null,
      disabled: null,
    });
  });

  test('is nothing for those that were not in the message', () => {
    expect(settled([ok])).toMatchObject({ delivered: [1], dead: [], failed: null });
  });

  test('counts one failed try, of the first that has to be tried again', () => {
    const failed = { attempts: 3, at: 1000 + 30 * 60_000, problem: 'it answered 500' };
    expect(settled([again, again, again])).toMatchObject({ delivered: [], failed: { row: 1, ...failed } });
    expect(settled([ok, again, ok])).toMatchObject({ delivered: [1, 3], failed: { row: 2, ...failed } });
  });

  test('counts no try that was made before its time', () => {
    expect(settled([again, again], false)).toMatchObject({ delivered: [], failed: null, pausedUntil: null });
  });

  test('leaves the endpoint alone for as long as it asked for', () => {
    const busy: Verdict = { ...again, afterMs: 30_000 };
    expect(settled([busy])).toMatchObject({ failed: { row: 1, attempts: 2, at: 31_000 }, pausedUntil: 31_000 });
    expect(settled([busy], false)).toMatchObject({ failed: null, pausedUntil: 31_000 });
  });

  test('is to wait where the endpoint wants nothing more', () => {
    expect(settled([ok, gone])).toMatchObject({ delivered: [1], dead: [], failed: null, disabled: 'it is gone' });
  });
});
