import { describe, expect, test, vi } from 'vitest';
import { TestClock } from '../support/clock.ts';
import { openStand, passTime, until, webhookTo } from './outbox-support.ts';
import type { Stand } from './outbox-support.ts';
import { openSink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Lets time go by until the answer is there. */
async function confirmed(stand: Stand, clock: TestClock, rows: Awaited<ReturnType<Stand['append']>>): Promise<boolean> {
  const answers: boolean[] = [];
  const confirming = stand.webhooks.confirm(rows).then((answer) => answers.push(answer));
  await until(async () => {
    await stand.webhooks.flush(Infinity);
    if (answers.length === 0) clock.pass(50);
    return answers.length > 0;
  });
  await confirming;
  return answers[0]!;
}

describe('a release', () => {
  test('is confirmed once every required endpoint has taken its event, whatever else it wants', async () => {
    const [first, second, other] = [await openSink(), await openSink(), await openSink(() => undefined)];
    const { append, webhooks } = openStand({
      endpoints: [
        webhookTo(first.origin, { required: true, events: ['denied'] }),
        webhookTo(second.origin, { required: true }),
        webhookTo(other.origin),
      ],
    });
    const rows = await append({ action: 'released' });
    expect(await webhooks.confirm(rows)).toBe(true);
    expect([first.received.length, second.received.length]).toEqual([1, 1]);
  });

  test('needs nobody where no endpoint is required, and waits for nobody', async () => {
    const sink = await openSink(() => undefined);
    const { append, webhooks } = openStand({ endpoints: [webhookTo(sink.origin)], clock: new TestClock() });
    expect(await webhooks.confirm(await append({ action: 'released' }))).toBe(true);
  });

  test.each([
    ['refuses it', 500],
    ['refuses it for good', 413],
    ['wants nothing more', 410],
  ])('is not confirmed by a required endpoint that %s', async (_, status) => {
    const [good, bad] = [await openSink(), await openSink((response) => void response.writeHead(status).end())];
    const clock = new TestClock();
    const endpoints = [good, bad].map(({ origin }) => webhookTo(origin, { required: true }));
    const stand = openStand({ endpoints, clock });
    expect(await confirmed(stand, clock, await stand.append({ action: 'auto_approved' }))).toBe(false);
  });

  test('is not confirmed after 5 seconds by a required endpoint that hangs', async () => {
    const sink = await openSink(() => undefined);
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin, { required: true })], clock });
    const rows = await stand.append({ action: 'released' });
    const before = clock.monotonic();
    const answer = stand.webhooks.confirm(rows);
    await sink.until(1);
    let isOver = false;
    void answer.then(() => (isOver = true));
    while (!isOver) {
      clock.pass(100);
      await new Promise(setImmediate);
    }
    expect(await answer).toBe(false);
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(5_000);
  });

  test('is tried at once with an endpoint that failed before, at no cost to its schedule', async () => {
    const sink = await openSink((response) => void response.writeHead(500).end());
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin, { required: true })], clock });
    for (let at = 0; at < 3; at += 1) {
      const rows = await stand.append({ action: 'released' });
      expect(await confirmed(stand, clock, rows)).toBe(false);
    }
    await passTime(stand, clock, 30_000);
    const rows = await stand.append({ action: 'released' });
    sink.answer = (response) => void response.writeHead(204).end();
    expect(await confirmed(stand, clock, rows)).toBe(true);
  });

  test('is not confirmed by an endpoint that became required after the row was committed', async () => {
    const sink = await openSink();
    const stand = openStand({ endpoints: [webhookTo(sink.origin, { events: ['denied'] })] });
    const rows = await stand.append({ action: 'released' });
    stand.endpoints = [webhookTo(sink.origin, { required: true })];
    await stand.webhooks.changed();
    expect(await stand.webhooks.confirm(rows)).toBe(false);
    expect(await stand.webhooks.confirm(await stand.append({ action: 'released' }))).toBe(true);
  });

  test('is confirmed by what another process sends', async () => {
    const sink = await openSink();
    const endpoints = [webhookTo(sink.origin, { required: true })];
    const first = openStand({ endpoints });
    const second = openStand({ endpoints, file: first.file });
    const [a, b] = await Promise.all([first.append({ action: 'released' }), second.append({ action: 'released' })]);
    expect(await Promise.all([first.webhooks.confirm(a), second.webhooks.confirm(b)])).toEqual([true, true]);
    expect(sink.received).toHaveLength(2);
  });
});
