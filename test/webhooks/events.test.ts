import { describe, expect, test } from 'vitest';
import { auditActions } from '../../src/core/audit-row.ts';
import type { CommittedRow } from '../../src/core/audit-row.ts';
import { decisionsIn, wants, webhookEvent } from '../../src/webhooks/events.ts';
import type { WebhookEvent } from '../../src/webhooks/events.ts';
import { committedRow } from './support.ts';

function eventsOf(rows: readonly CommittedRow[]): readonly WebhookEvent[] {
  return decisionsIn(rows).map(webhookEvent);
}

describe('an event', () => {
  test('has the keys of the proof of concept first, then the new ones, and nothing else', () => {
    const rows = [committedRow(7, { secretName: 'B' }), committedRow(8, { secretName: 'A' })];
    expect(JSON.stringify(eventsOf(rows))).toBe(
      '[{"event":"secret_access","timestamp":"2026-11-20T04:40:00.000Z","vault":"dev","secrets":["B","A"],' +
        '"reason":"deploy the hotfix","action":"approved","scope":"secret","ttlExpiresAt":"2026-11-20T04:55:00.000Z",' +
        '"operation":"read","requestId":"request-1","session":"session-1","agent":"some-client 1.0","approver":"owner","seq":8}]',
    );
  });

  test('keeps keys that have no value', () => {
    const [event] = eventsOf([committedRow(1, { scope: null, ttlExpiresAt: null, requestId: null, approver: null })]);
    expect(event).toMatchObject({ scope: null, ttlExpiresAt: null, requestId: null, approver: null });
  });

  test('stands for one decision: rows that differ in anything but the name are several', () => {
    const others: Partial<CommittedRow>[] = [
      { action: 'released' },
      { requestId: 'request-2' },
      { vault: 'other' },
      { session: 'session-2' },
      { ttlExpiresAt: '2026-11-20T05:00:00.000Z' },
      { reason: 'another' },
    ];
    for (const changes of others) {
      const events = eventsOf([committedRow(1), committedRow(2, changes), committedRow(3)]);
      expect(events.map(({ secrets, seq }) => [secrets, seq])).toEqual([
        [['NAME_2'], 2],
        [['NAME_1', 'NAME_3'], 3],
      ]);
    }
  });

  test('stands for one call: a name that comes again begins another', () => {
    const rows = [1, 2, 3, 4].map((seq) => committedRow(seq, { secretName: seq % 2 === 0 ? 'B' : 'A' }));
    expect(eventsOf(rows).map(({ secrets, seq }) => [secrets, seq])).toEqual([
      [['A', 'B'], 2],
      [['A', 'B'], 4],
    ]);
  });

  test('is made for no rows at all: none', () => {
    expect(eventsOf([])).toEqual([]);
  });
});

describe('an endpoint', () => {
  test('gets decisions by default, and other actions only by name', () => {
    expect(auditActions.filter((action) => wants('all', action))).toEqual([
      ...['approved', 'denied', 'auto_approved'],
      ...['config_approved', 'paired', 'unpaired', 'reset', 'pruned'],
    ]);
    expect([wants('all', 'checkpoint'), wants(['denied'], 'checkpoint')]).toEqual([true, false]);
    expect(auditActions.filter((action) => wants(['released', 'denied'], action))).toEqual(['denied', 'released']);
    expect(auditActions.filter((action) => wants([], action))).toEqual([]);
  });
});
