import { describe, expect, test, vi } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { openStand, outboxOf, until, webhookTo } from './outbox-support.ts';
import { openSink } from './support.ts';
import type { Sink } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

function seqs(sink: Sink): number[] {
  return sink.received.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
}

describe('webhooks', () => {
  test('post JSON with the authorization they were given, and the hash of the row', async () => {
    const sink = await openSink();
    const authorization = new Secret('Splunk 12-34');
    const { append, webhooks, lines } = openStand({
      endpoints: [webhookTo(`${sink.origin}/in?a=b`, { authorization })],
    });
    const [row] = await append({ secretName: 'NAME_1' });
    await webhooks.flush(10_000);
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
    await webhooks.flush(10_000);
    expect(seqs(all)).toEqual([1, 2, 4]);
    expect(seqs(some)).toEqual([3, 4]);
  });

  test('go on after a failure where they stopped, in order', async () => {
    const sink = await openSink((response) => void response.writeHead(500).end('no'));
    const { append, webhooks, file, lines } = openStand({ endpoints: [webhookTo(sink.origin)] });
    for (let at = 0; at < 3; at += 1) await append();
    await webhooks.flush(10_000);
    expect(seqs(sink)).toEqual([1]);
    expect(lines.join('')).toContain(`${sink.origin} did not take an event: it answered 500`);
    expect(await outboxOf(file)).toMatchObject([{ state: 'waiting', attempts: 1, problem: 'it answered 500' }, {}, {}]);
    sink.answer = (response) => void response.writeHead(204).end();
    await until(() => sink.received.length === 4);
    await webhooks.flush(10_000);
    expect(seqs(sink)).toEqual([1, 1, 2, 3]);
    expect((await outboxOf(file)).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
  });
});
