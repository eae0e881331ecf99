import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { TestClock } from '../support/clock.ts';
import { openStand, outboxOf, passTime, seqsOf, webhookTo } from './outbox-support.ts';
import type { Stand } from './outbox-support.ts';
import { openSink } from './support.ts';
import type { Sink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

const fine = (response: ServerResponse): void => void response.writeHead(204).end();
const minute = 60_000;
const hour = 60 * minute;

async function standAt(answer: Sink['answer']): Promise<{ sink: Sink; clock: TestClock; stand: Stand }> {
  const sink = await openSink(answer);
  const clock = new TestClock();
  return { sink, clock, stand: openStand({ endpoints: [webhookTo(sink.origin)], clock }) };
}

/** What takes the first try away, and what is said about it. The later ones are taken. */
const faults: readonly (readonly [string, (response: ServerResponse) => void, string])[] = [
  ['answers 500', (response) => void response.writeHead(500).end(), 'it answered 500'],
  ['answers 404', (response) => void response.writeHead(404).end(), 'it answered 404'],
  [
    'redirects',
    (response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/elsewhere' }).end(),
    'it answered 307, and redirects are not followed',
  ],
  ['closes without an answer', (response) => void response.socket!.destroy(), 'the connection was cut'],
  [
    'closes in the middle of its headers',
    (response) => void response.socket!.end('HTTP/1.1 204 No Con'),
    'the connection was cut',
  ],
  ['speaks something else', (response) => void response.socket!.end('220 mail ready\r\n'), 'it could not be sent'],
];

describe('an endpoint that', () => {
  test.each(faults)('%s is tried again', async (_, fault, why) => {
    const { sink, clock, stand } = await standAt(fault);
    await stand.append();
    await stand.append();
    await stand.webhooks.flush(Infinity);
    expect(seqsOf(sink)).toEqual([1]);
    const [first, second] = await outboxOf(stand.file);
    expect(first).toMatchObject({ state: 'waiting', attempts: 1, problem: expect.stringContaining(why) as string });
    expect(second).toMatchObject({ state: 'waiting', attempts: 0, problem: null });
    sink.answer = fine;
    await passTime(stand, clock, 10_000);
    expect(seqsOf(sink)).toEqual([1, 1, 2]);
    expect(stand.lines).toHaveLength(1);
  });

  test('hangs is given up after the time-out and tried again', async () => {
    const { sink, clock, stand } = await standAt(() => undefined);
    await stand.append();
    await sink.until(1);
    clock.pass(15_000);
    await stand.webhooks.flush(Infinity);
    expect(await outboxOf(stand.file)).toMatchObject([{ attempts: 1, problem: 'no answer within 15 s' }]);
    sink.answer = fine;
    await passTime(stand, clock, 10_000);
    expect(seqsOf(sink)).toEqual([1, 1]);
  });

  test('drips its answer has taken the event, and holds up nothing', async () => {
    const drip = (response: ServerResponse): void => {
      const timer = setInterval(() => response.write('x'.repeat(100)), 5);
      response.on('close', () => clearInterval(timer)).writeHead(200);
    };
    const { sink, stand } = await standAt(drip);
    for (let at = 0; at < 3; at += 1) await stand.append();
    await stand.webhooks.flush(Infinity);
    expect(seqsOf(sink)).toEqual([1, 2, 3]);
    expect(stand.lines).toEqual([]);
  });

  test('closes in the middle of the body of a good answer has taken the event', async () => {
    const { sink, stand } = await standAt((response) => {
      response.writeHead(200, { 'content-length': '10' }).write('x', () => response.socket!.destroy());
    });
    await stand.append();
    await stand.append();
    await stand.webhooks.flush(Infinity);
    expect(seqsOf(sink)).toEqual([1, 2]);
  });

  test('answers 410 gets nothing more, which is said once, and loses nothing', async () => {
    const { sink, clock, stand } = await standAt((response) => void response.writeHead(410).end());
    await stand.append();
    await passTime(stand, clock, 30 * hour, hour);
    await stand.append();
    await passTime(stand, clock, hour, hour);
    expect(seqsOf(sink)).toEqual([1]);
    expect(stand.lines).toHaveLength(1);
    expect(stand.lines[0]).toContain(`${sink.origin} gets no more events: it answered 410: it is gone\n`);
    expect(await outboxOf(stand.file)).toMatchObject([{ state: 'waiting' }, { state: 'waiting' }]);
  });

  test.each([
    ['seconds', () => '90'],
    ['a date', (clock: TestClock) => new Date(clock.wall() + 90_000).toUTCString()],
  ])('answers 429 with Retry-After in %s is asked again then, and not before', async (_, header) => {
    const { sink, clock, stand } = await standAt(
      (response) => void response.writeHead(429, { 'retry-after': header(clock) }).end(),
    );
    await stand.append();
    await stand.webhooks.flush(Infinity);
    sink.answer = fine;
    await stand.append();
    await passTime(stand, clock, 88_000, 1_000);
    expect(seqsOf(sink)).toEqual([1]);
    await passTime(stand, clock, 4_000, 1_000);
    expect(seqsOf(sink)).toEqual([1, 1, 2]);
  });

  test('answers 413 loses that event to the dead letters, and gets the next', async () => {
    const { sink, stand } = await standAt((response) => void response.writeHead(413).end());
    await stand.append();
    await stand.webhooks.flush(Infinity);
    sink.answer = fine;
    await stand.append();
    await stand.webhooks.flush(Infinity);
    expect(seqsOf(sink)).toEqual([1, 2]);
    expect(await outboxOf(stand.file)).toMatchObject([
      { state: 'dead', problem: 'it answered 413: too large' },
      { state: 'delivered' },
    ]);
    expect(stand.lines[0]).toContain(`an event for ${sink.origin} was given up: it answered 413: too large\n`);
  });

  test('is down for an hour gets everything afterwards, in order', async () => {
    const { sink, clock, stand } = await standAt((response) => void response.writeHead(502).end());
    for (let at = 0; at < 6; at += 1) {
      await Promise.all(Array.from({ length: 50 }, () => stand.append()));
      await passTime(stand, clock, 10 * minute);
    }
    expect(new Set(seqsOf(sink))).toEqual(new Set([1]));
    const before = sink.received.length;
    expect(before).toBeGreaterThanOrEqual(4);
    sink.answer = fine;
    await passTime(stand, clock, 2.5 * hour, 10 * minute);
    expect(seqsOf(sink).slice(before)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
    expect(stand.lines).toHaveLength(1);
  });

  test('never takes one event gets those after it once that was given up, after about 75 hours', async () => {
    const { sink, clock, stand } = await standAt((response) => void response.writeHead(500).end());
    await stand.append();
    await stand.append();
    await passTime(stand, clock, 75 * hour, 10 * minute);
    expect(new Set(seqsOf(sink))).toEqual(new Set([1]));
    expect(sink.received.length).toBeGreaterThanOrEqual(9);
    // From now on it takes whatever is not that event.
    sink.answer = (response) => void response.writeHead(seqsOf(sink).at(-1) === 1 ? 500 : 204).end();
    await passTime(stand, clock, 9 * hour, 10 * minute);
    expect(seqsOf(sink)).toEqual([...Array.from({ length: 10 }, () => 1), 2]);
    expect((await outboxOf(stand.file)).map(({ state }) => state)).toEqual(['dead', 'delivered']);
  });
});

describe('a clock that', () => {
  test('is put back a year keeps nothing waiting', async () => {
    const { sink, clock, stand } = await standAt((response) => void response.writeHead(500).end());
    await stand.append();
    await stand.webhooks.flush(Infinity);
    sink.answer = fine;
    clock.setWall(-365 * 24 * hour);
    await passTime(stand, clock, minute);
    expect(seqsOf(sink)).toEqual([1, 1]);
  });

  test('is put back an hour delays the next try by nothing', async () => {
    const { sink, clock, stand } = await standAt((response) => void response.writeHead(500).end());
    await stand.append();
    await stand.webhooks.flush(Infinity);
    sink.answer = fine;
    clock.setWall(-hour);
    await passTime(stand, clock, 6_000, 1_000);
    expect(seqsOf(sink)).toEqual([1, 1]);
  });

  test('is put forward, as after a night’s sleep, lets what is due go within a minute', async () => {
    const { sink, clock, stand } = await standAt((response) => void response.writeHead(500).end());
    await stand.append();
    await passTime(stand, clock, 30 * minute);
    const before = sink.received.length;
    sink.answer = fine;
    clock.setWall(10 * hour);
    await passTime(stand, clock, minute);
    expect(seqsOf(sink).slice(before)).toEqual([1]);
  });
});

test('an endpoint that hangs is not looked at all the time', async () => {
  const { sink, clock, stand } = await standAt((response) => void response.writeHead(500).end());
  await stand.append();
  await stand.webhooks.flush(Infinity);
  sink.answer = () => undefined;
  clock.pass(6_000);
  await sink.until(2);
  let looks = 0;
  const after = clock.after.bind(clock);
  clock.after = (ms, then) => {
    looks += 1;
    return after(ms, then);
  };
  clock.pass(5_000);
  expect(looks).toBeLessThan(5);
});
