import { describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations.ts';
import { endpointsOf } from '../../src/webhooks/endpoint.ts';
import { inserter } from '../../src/webhooks/outbox.ts';
import { secretEvent } from '../../src/webhooks/outgoing.ts';
import type { Asked, Queue, Settlement, Turn } from '../../src/webhooks/queue.ts';
import { openQueue } from '../../src/webhooks/queue.ts';
import { temporaryFile } from '../audit/support.ts';
import { TestClock } from '../support/clock.ts';
import { webhookTo } from './outbox-support.ts';
import { committedRow } from './support.ts';

const [endpoint, other] = endpointsOf([webhookTo('https://a.example'), webhookTo('https://b.example')]);
const leaseMs = 30_000;

async function opened(
  events: number,
): Promise<{ database: Database; clock: TestClock; lane: (name: string) => Queue }> {
  const database = await openDatabase(temporaryFile());
  onTestFinished(() => void database.close());
  migrate(database);
  const clock = new TestClock();
  const insert = inserter(database, clock);
  for (let seq = 1; seq <= events; seq += 1) {
    const last = committedRow(seq);
    insert(secretEvent({ rows: [last], last }), [endpoint!, other!]);
  }
  return { database, clock, lane: (holder) => openQueue({ database, holder, leaseMs }) };
}

function asked(clock: TestClock, changes: Partial<Asked> = {}): Asked {
  return { most: 1, now: clock.wall(), pressed: false, overdue: null, ...changes };
}

function idsOf(turn: Turn): string[] | string {
  return turn.kind === 'events' ? turn.events.map(({ event }) => event.id) : turn.kind;
}

function outcome(clock: TestClock, changes: Partial<Settlement>): Settlement {
  return {
    now: clock.wall(),
    delivered: [],
    dead: [],
    failed: null,
    pausedUntil: null,
    disabled: null,
    ...changes,
  };
}

function failure(row: number, at: number | null): Pick<Settlement, 'failed'> {
  return { failed: { row, attempts: 1, at, problem: 'it answered 500' } };
}

describe('the right to send to an endpoint', () => {
  test('is one lane’s at a time, endpoint by endpoint', async () => {
    const { clock, lane } = await opened(2);
    const [a, b] = [lane('a'), lane('b')];
    expect(idsOf(a.claim(endpoint!, asked(clock)))).toEqual(['evt_0000000001']);
    expect(b.claim(endpoint!, asked(clock))).toEqual({ kind: 'taken', until: clock.wall() + leaseMs });
    expect(idsOf(b.claim(other!, asked(clock)))).toEqual(['evt_0000000001']);
  });

  test('ends with the lease, so that the dead keep nobody waiting for ever', async () => {
    const { clock, lane } = await opened(1);
    lane('a').claim(endpoint!, asked(clock));
    clock.pass(leaseMs - 1);
    expect(lane('b').claim(endpoint!, asked(clock)).kind).toBe('taken');
    clock.pass(1);
    expect(lane('b').claim(endpoint!, asked(clock)).kind).toBe('events');
  });

  test('ends when its end is further away than it can be, or has come by another clock', async () => {
    const { clock, lane } = await opened(1);
    lane('a').claim(endpoint!, asked(clock));
    const until = clock.wall() + leaseMs;
    expect(lane('b').claim(endpoint!, asked(clock, { overdue: until })).kind).toBe('events');
    clock.setWall(-1_000);
    expect(lane('c').claim(endpoint!, asked(clock)).kind).toBe('events');
  });

  test('is given back with the last event, with a failure, and on demand', async () => {
    const { clock, lane } = await opened(1);
    const [a, b] = [lane('a'), lane('b')];
    a.claim(endpoint!, asked(clock));
    a.claim(endpoint!, asked(clock, { most: 0 }));
    expect(b.claim(endpoint!, asked(clock)).kind).toBe('events');
    b.settle(endpoint!, outcome(clock, failure(1, clock.wall() + 5_000)), asked(clock));
    expect(a.claim(endpoint!, asked(clock))).toEqual({ kind: 'later', at: clock.wall() + 5_000 });
    clock.pass(5_000);
    expect(a.claim(endpoint!, asked(clock)).kind).toBe('events');
    a.settle(endpoint!, outcome(clock, { delivered: [1] }), asked(clock));
    expect(b.claim(endpoint!, asked(clock)).kind).toBe('nothing');
  });

  test('once lost to another lane, changes nothing but what was delivered', async () => {
    const { clock, lane, database } = await opened(2);
    const [a, b] = [lane('a'), lane('b')];
    a.claim(endpoint!, asked(clock, { most: 2 }));
    clock.pass(leaseMs);
    b.claim(endpoint!, asked(clock, { most: 2 }));
    const late = outcome(clock, { delivered: [1], disabled: 'it is gone', pausedUntil: clock.wall() + 1 });
    expect(a.settle(endpoint!, late, asked(clock)).kind).toBe('taken');
    const states = database.prepare('SELECT state FROM outbox WHERE endpoint = ? ORDER BY id').pluck();
    expect(states.all(endpoint!.id)).toEqual(['delivered', 'waiting']);
    b.settle(endpoint!, outcome(clock, { delivered: [1] }), asked(clock));
    expect(idsOf(b.claim(endpoint!, asked(clock)))).toEqual(['evt_0000000002']);
  });
});

describe('a claim', () => {
  test('gives the oldest that wait, in the order of the log', async () => {
    const { clock, lane } = await opened(5);
    expect(idsOf(lane('a').claim(endpoint!, asked(clock, { most: 3 })))).toEqual([
      'evt_0000000001',
      'evt_0000000002',
      'evt_0000000003',
    ]);
  });

  test('before its time is for those who press, and says so; but never while the endpoint wants to be left alone', async () => {
    const { clock, lane } = await opened(1);
    const a = lane('a');
    a.claim(endpoint!, asked(clock));
    a.settle(endpoint!, outcome(clock, failure(1, clock.wall() + 60_000)), asked(clock));
    expect(a.claim(endpoint!, asked(clock)).kind).toBe('later');
    expect(a.claim(endpoint!, asked(clock, { pressed: true }))).toMatchObject({ kind: 'events', isDue: false });
    a.settle(endpoint!, outcome(clock, { pausedUntil: clock.wall() + 30_000 }), asked(clock));
    const pressed = a.claim(endpoint!, asked(clock, { pressed: true }));
    expect(pressed).toEqual({ kind: 'later', at: clock.wall() + 30_000 });
  });

  test('gives nothing to an endpoint that wants nothing more', async () => {
    const { clock, lane } = await opened(1);
    const a = lane('a');
    a.claim(endpoint!, asked(clock));
    const turn = a.settle(endpoint!, outcome(clock, { disabled: 'it is gone' }), asked(clock));
    expect(turn).toEqual({ kind: 'disabled', why: 'it is gone' });
    expect(lane('b').claim(endpoint!, asked(clock, { pressed: true }))).toEqual(turn);
  });

  test('gives the next one once the first was given up', async () => {
    const { clock, lane } = await opened(2);
    const a = lane('a');
    a.claim(endpoint!, asked(clock));
    expect(idsOf(a.settle(endpoint!, outcome(clock, failure(1, null)), asked(clock)))).toEqual(['evt_0000000002']);
  });

  test('puts aside what is no event of ours, whoever wrote it there', async () => {
    const { clock, lane, database } = await opened(7);
    const change = database.prepare('UPDATE outbox SET body = ? WHERE endpoint = ? AND seq = ?');
    const good = JSON.parse(String(database.prepare('SELECT body FROM outbox WHERE seq = 1').pluck().get())) as object;
    const bad = ['', 'null', '{"event":"test"}', '{', JSON.stringify({ ...good, action: 'granted' })];
    bad.forEach((body, at) => change.run(body, endpoint!.id, at + 1));
    change.run(JSON.stringify({ ...good, id: 'evt_1\r\nx: y' }), endpoint!.id, 6);
    expect(idsOf(lane('a').claim(endpoint!, asked(clock)))).toEqual(['evt_0000000007']);
    const dead = database.prepare(`SELECT problem FROM outbox WHERE state = 'dead'`).pluck().all();
    expect(dead).toEqual(Array.from({ length: 6 }, () => 'it is no event that this version of Agent Vault knows'));
  });

  test('is stopped by no number of those, which are put aside a little at a time', async () => {
    const { database, clock, lane } = await opened(3);
    database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO outbox (endpoint, event, seq, body, created_at, next_at, state)
      SELECT '${endpoint!.id}', 'evt_x', 1, 'nonsense', 0, 0, 'waiting' FROM n;
      DELETE FROM outbox WHERE seq < 3 AND body <> 'nonsense';
      UPDATE outbox SET id = id + 100000 WHERE seq = 3`);
    const queue = lane('a');
    let turn = queue.claim(endpoint!, asked(clock));
    while (turn.kind === 'later' && turn.at <= clock.wall()) turn = queue.claim(endpoint!, asked(clock));
    expect(idsOf(turn)).toEqual(['evt_0000000003']);
  });

  test('takes no more into memory than some megabytes', async () => {
    const { clock, lane, database } = await opened(4);
    const body = String(database.prepare('SELECT body FROM outbox WHERE seq = 1').pluck().get());
    const large = JSON.stringify({ ...(JSON.parse(body) as object), reason: 'x'.repeat(1_500_000) });
    database.prepare('UPDATE outbox SET body = ?').run(large);
    const turn = lane('a').claim(endpoint!, asked(clock, { most: 4 }));
    expect(turn.kind === 'events' && turn.events.length).toBe(2);
  });
});
