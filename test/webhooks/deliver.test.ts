import { describe, expect, test, vi } from 'vitest';
import type { EventSink } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Endpoint } from '../../src/webhooks/courier.ts';
import { createWebhooks } from '../../src/webhooks/deliver.ts';
import { committedRow, openSink } from './support.ts';
import type { Sink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Long enough never to matter. */
const flushMs = 60_000;

function webhooks(
  endpoints: readonly (Partial<Endpoint> & { url: string })[],
  timeoutMs?: number,
): { hooks: EventSink; lines: string[] } {
  const lines: string[] = [];
  const log = createLog((text) => lines.push(text));
  const complete = endpoints.map((endpoint) => ({ events: 'all' as const, ...endpoint }));
  const hooks = createWebhooks({
    endpoints: complete,
    log,
    clock: systemClock,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return { hooks, lines };
}

function seqs(sink: Sink): number[] {
  return sink.received.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
}

describe('webhooks', () => {
  test('post JSON with the authorization they were given', async () => {
    const sink = await openSink();
    const { hooks, lines } = webhooks([
      { url: `${sink.origin}/in?a=b`, authorization: new Secret('Splunk 12-34') },
      { url: sink.origin },
    ]);
    hooks.committed([committedRow(1)]);
    await hooks.flush(flushMs);
    const [first, second] = sink.received.sort((a, b) => b.path.length - a.path.length);
    expect(first).toMatchObject({ method: 'POST', path: '/in?a=b' });
    expect(first!.headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Splunk 12-34' });
    expect(second!.headers.authorization).toBeUndefined();
    expect(JSON.parse(first!.body)).toMatchObject({ event: 'secret_access', secrets: ['NAME_1'], seq: 1 });
    expect(lines).toEqual([]);
  });

  test('send each endpoint what it wants', async () => {
    const [all, some] = [await openSink(), await openSink()];
    const { hooks } = webhooks([{ url: all.origin }, { url: some.origin, events: ['released', 'denied'] }]);
    hooks.committed([committedRow(1)]);
    hooks.committed([committedRow(2, { action: 'auto_approved' }), committedRow(3, { action: 'released' })]);
    hooks.committed([committedRow(4, { action: 'denied' }), committedRow(5, { action: 'requested' })]);
    await hooks.flush(flushMs);
    expect(seqs(all)).toEqual([1, 2, 4]);
    expect(seqs(some)).toEqual([3, 4]);
  });

  test('deliver a thousand events in order', async () => {
    const sink = await openSink();
    const { hooks } = webhooks([{ url: sink.origin }]);
    const wanted = Array.from({ length: 1000 }, (_, at) => at + 1);
    for (const seq of wanted) hooks.committed([committedRow(seq)]);
    await hooks.flush(flushMs);
    expect(seqs(sink)).toEqual(wanted);
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
    const { hooks } = webhooks([{ url: sink.origin, authorization: new Watched('token') }]);
    hooks.committed([committedRow(1)]);
    for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
    expect(reveals).toBe(0);
    await hooks.flush(flushMs);
    expect(reveals).toBe(1);
  });

  test('go on with the next event after one that was refused, and say so when it begins', async () => {
    const sink = await openSink((response) => void response.writeHead(500).end('no'));
    const { hooks, lines } = webhooks([{ url: sink.origin }]);
    for (const seq of [1, 2]) hooks.committed([committedRow(seq)]);
    await hooks.flush(flushMs);
    sink.answer = (response) => void response.writeHead(200).end('ok');
    hooks.committed([committedRow(3)]);
    await hooks.flush(flushMs);
    expect(lines).toHaveLength(1);
    sink.answer = (response) => void response.writeHead(500).end('no');
    hooks.committed([committedRow(4)]);
    await hooks.flush(flushMs);
    expect(seqs(sink)).toEqual([1, 2, 3, 4]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(`webhook 1 (${sink.origin}) did not take an event: it answered 500\n`);
  });

  test('do not follow redirects', async () => {
    const elsewhere = await openSink();
    const sink = await openSink((response) => void response.writeHead(307, { location: elsewhere.origin }).end());
    const { hooks, lines } = webhooks([{ url: sink.origin, authorization: new Secret('token') }]);
    hooks.committed([committedRow(1)]);
    await hooks.flush(flushMs);
    expect(elsewhere.received).toEqual([]);
    expect(lines.join('')).toContain('it answered 307, and redirects are not followed');
  });

  test('give up an endpoint that never answers, and try it again with the next event', async () => {
    const sink = await openSink(() => undefined);
    const { hooks, lines } = webhooks([{ url: sink.origin }], 700);
    hooks.committed([committedRow(1)]);
    await sink.until(1);
    await hooks.flush(flushMs);
    expect(lines.join('')).toContain('no answer within 0.7 s');
    sink.answer = (response) => void response.writeHead(204).end();
    hooks.committed([committedRow(2)]);
    await hooks.flush(flushMs);
    expect(seqs(sink)).toEqual([1, 2]);
    expect(lines).toHaveLength(1);
  });

  test('are not held up by an answer that goes on for ever', async () => {
    const sink = await openSink((response) => {
      const timer = setInterval(() => response.write('x'.repeat(100)), 5);
      response.on('close', () => clearInterval(timer)).writeHead(200);
    });
    const { hooks, lines } = webhooks([{ url: sink.origin }]);
    for (const seq of [1, 2, 3]) hooks.committed([committedRow(seq)]);
    await hooks.flush(flushMs);
    expect(seqs(sink)).toEqual([1, 2, 3]);
    expect(lines).toEqual([]);
  });

  test('are not held up beyond the time-out by a short answer that never ends', async () => {
    const sink = await openSink((response) => void response.writeHead(200, { 'content-length': '10' }).write('x'));
    const { hooks, lines } = webhooks([{ url: sink.origin }], 700);
    hooks.committed([committedRow(1)]);
    await hooks.flush(flushMs);
    expect(lines).toEqual([]);
  });

  test('do not let one endpoint hold up another, nor the shutdown', async () => {
    const [stuck, quick] = [await openSink(() => undefined), await openSink()];
    const { hooks, lines } = webhooks([{ url: stuck.origin }, { url: quick.origin }]);
    for (const seq of [1, 2]) hooks.committed([committedRow(seq)]);
    await Promise.all([stuck.until(1), quick.until(2)]);
    await hooks.flush(20);
    expect(seqs(quick)).toEqual([1, 2]);
    expect(lines.join('')).toContain('2 events were not delivered before the end');
  });

  test('say nothing secret: no path, no query, no credentials, no header, no answer', async () => {
    const sink = await openSink((response) => void response.writeHead(403).end('answer-canary'));
    const gone = await openSink();
    await gone.close();
    const urls = [sink.origin, gone.origin, 'http://canary-user:canary-word@127.0.0.1:1', 'https://127.0.0.1:1'];
    const endpoints = urls.map((url) => ({ url: `${url}/services/canary-path?key=canary-query` }));
    const bad = { url: `${sink.origin}/canary`, authorization: new Secret('canary-header\nsecond line') };
    const { hooks, lines } = webhooks([...endpoints, bad]);
    hooks.committed([committedRow(1)]);
    await hooks.flush(flushMs);
    expect(lines).toHaveLength(5);
    expect(lines.join('')).not.toContain('canary');
    expect(lines.join('')).toContain(`webhook 2 (${gone.origin}) did not take an event: nobody listens there`);
  });

  test('keep at most 10,000 events for an endpoint, say once that more are dropped, and keep the oldest', async () => {
    const sink = await openSink(() => undefined);
    const { hooks, lines } = webhooks([{ url: sink.origin }]);
    for (let seq = 1; seq <= 10_002; seq += 1) hooks.committed([committedRow(seq)]);
    expect(lines).toEqual([
      `agent-vault: warning: webhook 1 (${sink.origin}) is too slow: events for it are dropped\n`,
    ]);
    await sink.until(1);
    await hooks.flush(0);
    expect(seqs(sink)).toEqual([1]);
    expect(lines.join('')).toContain('10000 events were not delivered');
  });

  test('cost nothing where none is configured', async () => {
    const { hooks, lines } = webhooks([]);
    hooks.committed([committedRow(1)]);
    await hooks.flush(0);
    expect(lines).toEqual([]);
  });
});
