import { describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations.ts';
import { endpointsOf } from '../../src/webhooks/endpoint.ts';
import type { Webhook } from '../../src/webhooks/endpoint.ts';
import type { Outbox } from '../../src/webhooks/outbox.ts';
import { createOutbox } from '../../src/webhooks/outbox.ts';
import { temporaryFile } from '../audit/support.ts';
import { TestClock } from '../support/clock.ts';
import { webhookTo } from './outbox-support.ts';
import { committedRow } from './support.ts';

interface Opened {
  readonly database: Database;
  readonly outbox: Outbox;
  readonly told: (readonly string[])[];
  readonly bodies: () => Record<string, unknown>[];
}

async function opened(webhooks: readonly Webhook[]): Promise<Opened> {
  const database = await openDatabase(temporaryFile());
  onTestFinished(() => void database.close());
  migrate(database);
  const told: (readonly string[])[] = [];
  const endpoints = endpointsOf(webhooks);
  const outbox = createOutbox({
    endpoints: () => endpoints,
    clock: new TestClock(),
    onEnqueued: (ids) => told.push(ids),
  });
  const select = database.prepare<[], string>('SELECT body FROM outbox ORDER BY id').pluck();
  return { database, outbox, told, bodies: () => select.all().map((body) => JSON.parse(body) as never) };
}

const everything = webhookTo('https://a.example', { events: ['approved', 'denied', 'released', 'checkpoint'] });

describe('the outbox', () => {
  test('holds an event with the rows that it tells of, or neither', async () => {
    const { database, outbox, bodies } = await opened([everything]);
    const stow = outbox.alongside(database);
    const commit = database.transaction((fails: boolean) => {
      stow([committedRow(1)], null);
      if (fails) throw new Error('the row could not be written');
    });
    expect(() => commit(true)).toThrow('the row could not be written');
    expect(bodies()).toEqual([]);
    commit(false);
    expect(bodies()).toHaveLength(1);
  });

  test('holds one event for each decision and endpoint, with id, hash and factor', async () => {
    const { database, outbox, bodies, told } = await opened([everything, webhookTo('https://b.example')]);
    const rows = [
      committedRow(1),
      committedRow(2, { hash: 'a'.repeat(64), factor: 'passkey' }),
      committedRow(3, { factor: 'passkey' }),
      committedRow(4, { action: 'released' }),
      committedRow(5, { action: 'requested' }),
    ];
    outbox.alongside(database)(rows, null);
    const events = bodies().map(({ id, secrets, factor }) => [id, secrets, factor]);
    expect(events).toEqual([
      ['evt_0000000001', ['NAME_1'], 'link'],
      ['evt_0000000001', ['NAME_1'], 'link'],
      ['evt_0000000003', ['NAME_2', 'NAME_3'], 'passkey'],
      ['evt_0000000003', ['NAME_2', 'NAME_3'], 'passkey'],
      ['evt_0000000004', ['NAME_4'], 'link'],
    ]);
    expect(bodies()[2]).toMatchObject({ hash: 'f'.repeat(64), seq: 3 });
    expect(told.map((ids) => ids.length)).toEqual([2, 2, 1]);
  });

  test('holds checkpoints, whose ids are no rows’', async () => {
    const { database, outbox, bodies } = await opened([
      everything,
      webhookTo('https://b.example', { events: ['denied'] }),
    ]);
    const note = 'agent-vault/audit/0\n256\nhash\n\n— agent-vault signature\n';
    const timestamp = '2026-11-20T04:40:00.000Z';
    outbox.alongside(database)([], { size: 256, head: 'a'.repeat(64), timestamp, note });
    expect(bodies()).toEqual([
      { event: 'checkpoint', id: 'chk_0000000256', timestamp, seq: 256, hash: 'a'.repeat(64), note },
    ]);
  });

  test('knows where the event of each row waits, and of no row that it did not see', async () => {
    const { database, outbox } = await opened([everything]);
    const rows = [committedRow(1), committedRow(2), committedRow(3, { action: 'requested' })];
    outbox.alongside(database)(rows, null);
    const [endpoint] = endpointsOf([everything]);
    const places = rows.map((row) => outbox.placesOf(row)?.get(endpoint!.id));
    expect(places).toEqual([1, 1, undefined]);
    expect(outbox.placesOf(committedRow(1))).toBeUndefined();
  });
});
