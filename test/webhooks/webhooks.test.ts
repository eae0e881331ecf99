import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { openDatabase } from '../../src/store/database.ts';
import { TestClock } from '../support/clock.ts';
import { openStand, outboxOf, passTime, seqsOf, until, webhookTo } from './outbox-support.ts';
import { openSink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

const forever = 60_000;

describe('webhooks', () => {
  test('post JSON with the authorization they were given, and the hash of the row', async () => {
    const sink = await openSink();
    const authorization = new Secret('Splunk 12-34');
    const { append, webhooks, lines } = openStand({
      endpoints: [webhookTo(`${sink.origin}/in?a=b`, { authorization })],
    });
    const [row] = await append({ secretName: 'NAME_1' });
    await webhooks.flush(forever);
    const [first] = sink.received;
    expect(first).toMatchObject({ method: 'POST', path: '/in?a=b' });
    expect(first!.headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Splunk 12-34' });
    expect(JSON.parse(first!.body)).toMatchObject({ secrets: ['NAME_1'], seq: 1, hash: row!.hash });
    expect(lines).toEqual([]);
  });

  test('send each endpoint what it wants', async () => {
    const [all, some] = [await openSink(), await openSink()];
    const { append, webhooks } = openStand({
      endpoints: [webhookTo(all.origin), webhookTo(some.origin, { events: ['released', 'denied'] })],
    });
    await append();
    await append({ action: 'auto_approved' });
    await append({ action: 'released' });
    await append({ action: 'denied' });
    await append({ action: 'requested' });
    await webhooks.flush(forever);
    expect(seqsOf(all)).toEqual([1, 2, 4]);
    expect(seqsOf(some)).toEqual([3, 4]);
  });

  test('deliver a thousand events in order', async () => {
    const sink = await openSink();
    const { append, webhooks } = openStand({ endpoints: [webhookTo(sink.origin)] });
    const wanted = Array.from({ length: 1000 }, (_, at) => at + 1);
    await Promise.all(wanted.map(() => append()));
    await webhooks.flush(forever);
    expect(seqsOf(sink)).toEqual(wanted);
  });

  test('start nothing in the turn of the commit, and reveal the authorization only when they send', async () => {
    let reveals = 0;
    class Watched extends Secret {
      override reveal(): string {
        reveals += 1;
        return super.reveal();
      }
    }
    const sink = await openSink();
    const { append, webhooks } = openStand({
      endpoints: [webhookTo(sink.origin, { authorization: new Watched('token') })],
    });
    await append();
    for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
    expect(reveals).toBe(0);
    await webhooks.flush(forever);
    expect(reveals).toBe(1);
  });

  test('go on after a failure where they stopped, in order, and say so when it begins', async () => {
    const sink = await openSink((response) => void response.writeHead(500).end('no'));
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin)], clock });
    const { append, webhooks, file, lines } = stand;
    for (let at = 0; at < 3; at += 1) await append();
    await webhooks.flush(forever);
    expect(seqsOf(sink)).toEqual([1]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${sink.origin} did not take an event: it answered 500\n`);
    expect(await outboxOf(file)).toMatchObject([{ state: 'waiting', attempts: 1, problem: 'it answered 500' }, {}, {}]);
    await passTime(stand, clock, 5_000);
    clock.pass(1_000);
    await webhooks.flush(forever);
    expect(seqsOf(sink)).toEqual([1, 1]);
    expect(lines).toHaveLength(1);
    sink.answer = (response) => void response.writeHead(204).end();
    await passTime(stand, clock, 6 * 60_000);
    expect(seqsOf(sink)).toEqual([1, 1, 1, 2, 3]);
    expect((await outboxOf(file)).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  test('are not held up by an endpoint that does not answer', async () => {
    const [slow, quick] = [await openSink(() => undefined), await openSink()];
    const { append } = openStand({ endpoints: [webhookTo(slow.origin), webhookTo(quick.origin)] });
    await append();
    await append();
    await until(() => quick.received.length === 2);
    expect(seqsOf(slow)).toEqual([1]);
  });

  test('send many events in one message where the format allows, and go on in small ones after a failure', async () => {
    const sink = await openSink();
    const counts = (): number[] => sink.received.map(({ body }) => body.trim().split('\n').length);
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin, { format: 'cef' })], clock });
    await Promise.all(Array.from({ length: 8 }, () => stand.append()));
    await stand.webhooks.flush(forever);
    expect(counts()).toEqual([8]);
    sink.answer = (response) => void response.writeHead(500).end();
    await Promise.all(Array.from({ length: 8 }, () => stand.append()));
    await stand.webhooks.flush(forever);
    sink.answer = (response) => void response.writeHead(204).end();
    await passTime(stand, clock, 10_000);
    expect(counts()).toEqual([8, 8, 1, 2, 4, 1]);
  });

  test('send each event with the same id at every try, signed anew', async () => {
    const secret = new Secret(`whsec_${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`);
    const sink = await openSink((response) => void response.writeHead(500).end());
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin, { secrets: [secret] })], clock });
    await stand.append();
    await passTime(stand, clock, 10_000);
    const headers = sink.received.map((message) => message.headers);
    expect(headers.map((each) => each['webhook-id'])).toEqual(['evt_0000000001', 'evt_0000000001']);
    const [first, second] = headers.map((each) => Number(each['webhook-timestamp']));
    expect(second! - first!).toBeGreaterThanOrEqual(5);
  });

  test('keep neither address nor credential in the database, and say none', async () => {
    const sink = await openSink((response) => void response.writeHead(500).end('the answer, hush'));
    const authorization = new Secret('credential-hush');
    const { append, webhooks, audit, file, lines } = openStand({
      endpoints: [webhookTo(`${sink.origin}/path-hush?query=hush`, { authorization })],
    });
    await append();
    await webhooks.flush(forever);
    await audit.close();
    await webhooks.close(0);
    expect(sink.received).toHaveLength(1);
    const [row] = await outboxOf(file);
    expect(row).toMatchObject({ state: 'waiting', attempts: 1 });
    expect(readFileSync(file).includes('NAME_1')).toBe(true);
    expect(readFileSync(file).includes('hush')).toBe(false);
    expect(lines.join('')).toContain('it answered 500');
    expect(lines.join('')).not.toContain('hush');
  });

  test('say at the end what is left, and send it when they run again', async () => {
    const sink = await openSink((response) => void response.writeHead(503).end());
    const first = openStand({ endpoints: [webhookTo(sink.origin)] });
    await first.append();
    await first.append();
    await first.webhooks.flush(forever);
    await first.audit.close();
    await first.webhooks.close(1_000);
    expect(first.lines.at(-1)).toContain('2 events wait for their webhooks\n');
    sink.answer = (response) => void response.writeHead(204).end();
    const clock = new TestClock();
    clock.setWall(Date.now() - clock.wall() + 60_000);
    const second = openStand({ endpoints: [webhookTo(sink.origin)], file: first.file, clock });
    second.webhooks.start();
    await passTime(second, clock, 4_000);
    expect(seqsOf(sink)).toEqual([1, 1, 2]);
  });

  test('cut at the end what is under way, which then counts as not tried and is nobody’s', async () => {
    const sink = await openSink(() => undefined);
    const first = openStand({ endpoints: [webhookTo(sink.origin)] });
    await first.append();
    await sink.until(1);
    await first.webhooks.close(10);
    expect(await outboxOf(first.file)).toMatchObject([{ state: 'waiting', attempts: 0, problem: null }]);
    sink.answer = (response) => void response.writeHead(204).end();
    const second = openStand({ endpoints: [webhookTo(sink.origin)], file: first.file });
    await second.webhooks.changed();
    await second.webhooks.flush(forever);
    expect(seqsOf(sink)).toEqual([1, 1]);
  });

  test('open no database as long as nothing happens', async () => {
    const { webhooks, file } = openStand({ endpoints: [webhookTo('http://127.0.0.1:9')], clock: new TestClock() });
    await webhooks.changed();
    await webhooks.flush(forever);
    await webhooks.close(0);
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });
});

describe('webhooks that a person allows while the process runs', () => {
  test('hear nothing before, and then also what happened meanwhile, first', async () => {
    const sink = await openSink();
    const stand = openStand({ endpoints: [] });
    await stand.append();
    await stand.append();
    await stand.webhooks.flush(forever);
    stand.endpoints = [webhookTo(sink.origin)];
    await stand.webhooks.changed();
    await stand.append();
    await stand.webhooks.flush(forever);
    expect(seqsOf(sink)).toEqual([1, 2, 3]);
  });

  test('hear what happened last, if much happened', async () => {
    const sink = await openSink();
    const stand = openStand({ endpoints: [] });
    await Promise.all(Array.from({ length: 510 }, () => stand.append()));
    stand.endpoints = [webhookTo(sink.origin)];
    await stand.webhooks.changed();
    await stand.webhooks.flush(forever);
    expect(seqsOf(sink)).toEqual(Array.from({ length: 500 }, (_, at) => at + 11));
  });

  test('hear it with the next row if the database could not be written when they became known', async () => {
    const sink = await openSink();
    const clock = new TestClock();
    const stand = openStand({ endpoints: [], clock });
    await stand.append();
    stand.endpoints = [webhookTo(sink.origin)];
    const other = await openDatabase(stand.file);
    other.exec('BEGIN IMMEDIATE');
    const changed = stand.webhooks.changed();
    clock.pass(5_001);
    await changed;
    other.close();
    await stand.append();
    await until(() => sink.received.length === 2);
    expect(seqsOf(sink).sort()).toEqual([1, 2]);
  });

  test('replace those before, which get nothing more', async () => {
    const [old, young] = [await openSink((response) => void response.writeHead(500).end()), await openSink()];
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(old.origin)], clock });
    await stand.append();
    await stand.webhooks.flush(forever);
    stand.endpoints = [webhookTo(young.origin)];
    await stand.webhooks.changed();
    await stand.append();
    await passTime(stand, clock, 60_000);
    expect([seqsOf(old), seqsOf(young)]).toEqual([[1], [2]]);
    expect((await outboxOf(stand.file)).map(({ state }) => state)).toEqual(['waiting', 'delivered']);
  });

  test('are told by their new terms at once', async () => {
    const sink = await openSink();
    const stand = openStand({ endpoints: [webhookTo(sink.origin, { authorization: new Secret('old') })] });
    await stand.append();
    await stand.webhooks.flush(forever);
    stand.endpoints = [webhookTo(sink.origin, { authorization: new Secret('young') })];
    await stand.append();
    await stand.webhooks.flush(forever);
    expect(sink.received.map(({ headers }) => headers.authorization)).toEqual(['old', 'young']);
  });
});
