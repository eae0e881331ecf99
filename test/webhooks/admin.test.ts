import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openDatabase } from '../../src/store/database.ts';
import { listEndpoints, replayEvents, retryEndpoints, testWebhook } from '../../src/webhooks/admin.ts';
import type { OutboxAdmin } from '../../src/webhooks/admin.ts';
import { endpointsOf } from '../../src/webhooks/endpoint.ts';
import type { Webhook } from '../../src/webhooks/endpoint.ts';
import { temporaryFile } from '../audit/support.ts';
import { TestClock } from '../support/clock.ts';
import { auditRow, openStand, outboxOf, passTime, seqsOf, webhookTo } from './outbox-support.ts';
import type { Stand } from './outbox-support.ts';
import { openSink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

const down = 'http://127.0.0.1:9/hook';

function adminOf({ file }: Pick<Stand, 'file'>, webhooks: readonly Webhook[]): OutboxAdmin {
  return { file: { path: file, followLinks: true }, endpoints: endpointsOf(webhooks), clock: systemClock };
}

function idOf(webhook: Webhook): string {
  return endpointsOf([webhook])[0]!.id;
}

describe('the list of endpoints', () => {
  test('says what waits, was delivered and given up, since when, and what went wrong', async () => {
    const [good, bad] = [await openSink(), await openSink((response) => void response.writeHead(413).end())];
    const webhooks = [webhookTo(good.origin), webhookTo(`${bad.origin}/secret`)];
    const clock = new TestClock();
    const stand = openStand({ endpoints: webhooks, clock });
    await stand.append();
    await stand.webhooks.flush(Infinity);
    bad.answer = (response) => void response.writeHead(503).end();
    const since = new Date(clock.wall()).toISOString();
    await stand.append();
    await stand.append();
    await stand.webhooks.flush(Infinity);
    const reports = await listEndpoints(adminOf(stand, webhooks));
    expect(reports).toEqual([
      {
        id: idOf(webhooks[0]!),
        name: good.origin,
        webhook: webhooks[0],
        waiting: 0,
        delivered: 3,
        dead: 0,
        oldest: null,
        nextTry: null,
        disabled: null,
        problem: null,
      },
      {
        id: idOf(webhooks[1]!),
        name: bad.origin,
        webhook: webhooks[1],
        waiting: 2,
        delivered: 0,
        dead: 1,
        oldest: since,
        nextTry: expect.stringMatching(/^2026-01-02T03:04:10/) as string,
        disabled: null,
        problem: 'it answered 503',
      },
    ]);
  });

  test('has those that are no longer in the config at its end, and those that nothing ever waited for', async () => {
    const sink = await openSink((response) => void response.writeHead(410).end());
    const old = webhookTo(sink.origin);
    const stand = openStand({ endpoints: [old] });
    await stand.append();
    await stand.webhooks.flush(Infinity);
    const young = webhookTo('https://young.example/path');
    const [first, second, ...more] = await listEndpoints(adminOf(stand, [young]));
    expect(first).toMatchObject({ name: 'https://young.example', webhook: young, waiting: 0, disabled: null });
    expect(second).toMatchObject({ id: idOf(old), webhook: null, waiting: 1, disabled: 'it answered 410: it is gone' });
    expect(more).toEqual([]);
  });

  test('needs no database, and makes none', async () => {
    const file = temporaryFile();
    const admin = adminOf({ file }, [webhookTo(down)]);
    expect(await listEndpoints(admin)).toMatchObject([{ name: 'http://127.0.0.1:9', waiting: 0 }]);
    expect(await retryEndpoints([idOf(webhookTo(down))], admin)).toBe(0);
    expect(await replayEvents(0, admin)).toBe(0);
    await expect(
      openDatabase(file).then((database) => database.pragma('user_version', { simple: true })),
    ).resolves.toBe(0);
  });

  test('shows harmlessly what somebody wrote into the database', async () => {
    const stand = openStand({ endpoints: [webhookTo(down)], clock: new TestClock() });
    await stand.append();
    await stand.webhooks.flush(Infinity);
    const database = await openDatabase(stand.file);
    database.prepare('UPDATE endpoints SET name = ?, disabled = ?').run('\u001b[2Ja', '\u202eb');
    database.prepare('UPDATE outbox SET problem = ?').run('c\nd');
    database.close();
    const [report] = await listEndpoints(adminOf(stand, []));
    expect(report).toMatchObject({ name: '\\u{1b}[2Ja', disabled: '\\u{202e}b', problem: 'c\\nd' });
  });
});

describe('trying again', () => {
  test('sends what was given up, before what came later, and enables the endpoint', async () => {
    const sink = await openSink((response) => void response.writeHead(413).end());
    const webhooks = [webhookTo(sink.origin), webhookTo(down)];
    const clock = new TestClock();
    const stand = openStand({ endpoints: webhooks, clock });
    await stand.append();
    await stand.append();
    await stand.webhooks.flush(Infinity);
    sink.answer = (response) => void response.writeHead(410).end();
    await stand.append();
    await stand.webhooks.flush(Infinity);
    sink.answer = (response) => void response.writeHead(204).end();
    expect(seqsOf(sink)).toEqual([1, 2, 3]);
    expect(await retryEndpoints([idOf(webhooks[0]!)], adminOf(stand, webhooks))).toBe(2);
    await passTime(stand, clock, 60_000);
    expect(seqsOf(sink)).toEqual([1, 2, 3, 1, 2, 3]);
    const others = (await outboxOf(stand.file)).filter(({ endpoint }) => endpoint === idOf(webhooks[1]!));
    expect(others[0]!.attempts).toBeGreaterThan(0);
  });

  test('does not wait for what was to be tried much later', async () => {
    const sink = await openSink((response) => void response.writeHead(500).end());
    const webhooks = [webhookTo(sink.origin)];
    const clock = new TestClock();
    const stand = openStand({ endpoints: webhooks, clock });
    await stand.append();
    await passTime(stand, clock, 3 * 3_600_000, 600_000);
    const before = sink.received.length;
    sink.answer = (response) => void response.writeHead(204).end();
    expect(await retryEndpoints([idOf(webhooks[0]!)], adminOf(stand, webhooks))).toBe(0);
    await stand.webhooks.changed();
    await stand.webhooks.flush(Infinity);
    expect(seqsOf(sink).slice(before)).toEqual([1]);
  });
});

describe('a replay', () => {
  test('sends the events since then once more, with the same ids and texts, and leaves alone what waits', async () => {
    const sink = await openSink();
    const webhooks = [webhookTo(sink.origin, { format: 'standard' })];
    const stand = openStand({ endpoints: webhooks });
    const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 20, 4, 40, seconds)).toISOString();
    await stand.append({ timestamp: at(0) });
    await stand.audit.append(['A', 'B', 'C'].map((secretName) => auditRow({ secretName, timestamp: at(1) })));
    await stand.append({ timestamp: at(1), action: 'requested' });
    await stand.append({ timestamp: at(2), action: 'denied', factor: null, scope: null });
    await stand.webhooks.flush(Infinity);
    const first = sink.received.map(({ body }) => body);
    expect(first).toHaveLength(3);
    const admin = adminOf(stand, webhooks);
    expect(await replayEvents(Date.parse(at(1)), admin)).toBe(2);
    expect(await replayEvents(Date.parse(at(1)), admin)).toBe(0);
    await stand.webhooks.changed();
    await stand.webhooks.flush(Infinity);
    expect(sink.received.slice(3).map(({ body }) => body)).toEqual(first.slice(1));
  });

  test('makes events anew that are no longer kept, for those who want them', async () => {
    const sink = await openSink();
    const stand = openStand({ endpoints: [] });
    const timestamp = '2026-11-20T04:40:00.000Z';
    await Promise.all(Array.from({ length: 1200 }, (_, at) => stand.append({ timestamp, requestId: String(at) })));
    await stand.append({ action: 'requested', timestamp: '2026-11-20T04:41:00.000Z' });
    const webhooks = [webhookTo(sink.origin, { events: ['requested'] }), webhookTo(sink.origin, { format: 'cef' })];
    expect(await replayEvents(Date.UTC(2026), adminOf(stand, webhooks))).toBe(1201);
    const rows = await outboxOf(stand.file);
    expect(rows.map(({ endpoint }) => endpoint).filter((id) => id === idOf(webhooks[0]!))).toHaveLength(1);
    expect(new Set(rows.map(({ event }) => event)).size).toBe(1201);
  });

  test('sends checkpoints too, where they were between the others', async () => {
    const webhooks = [webhookTo(down)];
    const stand = openStand({ endpoints: [] });
    const times = [1, 2, 3, 4].map((second) => `2026-11-20T04:40:0${second}.000Z`);
    for (const timestamp of times) await stand.append({ timestamp });
    const database = await openDatabase(stand.file);
    const insert = database.prepare('INSERT INTO checkpoints (size, timestamp, head, note) VALUES (?, ?, ?, ?)');
    for (const size of [2, 4]) insert.run(size, times[size - 1], 'a'.repeat(64), 'note');
    database.close();
    expect(await replayEvents(0, adminOf(stand, webhooks))).toBe(6);
    expect((await outboxOf(stand.file)).map(({ event }) => event)).toEqual([
      'evt_0000000001',
      'evt_0000000002',
      'chk_0000000002',
      'evt_0000000003',
      'evt_0000000004',
      'chk_0000000004',
    ]);
  });
});

describe('a test of a webhook', () => {
  const ports = { clock: systemClock, random: systemRandom };

  test('sends one event that says that it is a test, and tells how it went', async () => {
    const sink = await openSink();
    expect(await testWebhook(webhookTo(sink.origin), ports)).toEqual({ kind: 'delivered' });
    expect(sink.received.map(({ body }) => JSON.parse(body) as object)).toMatchObject([{ event: 'test' }]);
    sink.answer = (response) => void response.writeHead(401).end();
    expect(await testWebhook(webhookTo(sink.origin), ports)).toEqual({ kind: 'retry', why: 'it answered 401' });
  });

  test('works with every format that needs no more than an address', async () => {
    const sink = await openSink((response) => void response.writeHead(200).end());
    for (const format of ['json', 'standard', 'cef', 'ocsf', 'slack'])
      expect(await testWebhook(webhookTo(sink.origin, { format }), ports)).toEqual({ kind: 'delivered' });
    expect(sink.received).toHaveLength(5);
  });
});
