import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Event, Sink } from '../../src/webhooks/formats/define.ts';
import { formatPlugins } from '../../src/webhooks/formats/index.ts';
import { retryAfterMs } from '../../src/webhooks/retry-after.ts';
import { openSink } from '../../src/webhooks/sink.ts';
import type { EndpointOptions } from '../../src/webhooks/sink.ts';
import { TestClock } from '../support/clock.ts';
import * as receivers from '../support/receivers.ts';
import { secretEvent } from './formats/samples.ts';

async function sinkTo(
  url: string,
  type: string,
  { clock = systemClock, options = {}, ...rest }: Partial<EndpointOptions> & { clock?: Clock } = {},
): Promise<Sink> {
  const plugin = formatPlugins.find((each) => each.type === type)!;
  const endpoint = { plugin, options: plugin.options.parse(options), url, secrets: [], allowPrivate: false, ...rest };
  const sink = await openSink(endpoint, { clock });
  onTestFinished(() => sink.close());
  return sink;
}

function events(count: number, changes: Parameters<typeof secretEvent>[1] = {}): Event[] {
  return Array.from({ length: count }, (_, at) => secretEvent(at + 1, changes));
}

const delivered = { kind: 'delivered' };

describe('one message', () => {
  it('holds as many events as fit, and the verdicts say how many those were', async () => {
    const receiver = await receivers.openReceiver(receivers.splunk('t'));
    const sink = await sinkTo(receiver.origin, 'splunk-hec', { authorization: new Secret('t') });
    const [small, large] = [events(600), events(20, { secrets: Array.from({ length: 200 }, () => 'N'.repeat(1000)) })];
    expect(await sink.send(small, 20_000)).toHaveLength(500);
    const verdicts = await sink.send(large, 20_000);
    expect(verdicts).toEqual([delivered, delivered, delivered, delivered]);
    expect(receiver.taken.at(-1)).toMatchObject({ event: { seq: 4 } });
  });

  it('that is refused as a whole is tried with half of it, so that one bad event takes no other with it', async () => {
    const receiver = await receivers.openReceiver((asked) =>
      asked.body.includes('poison') ? { status: 400, body: '{"code":6}' } : receivers.splunk('t')(asked),
    );
    const sink = await sinkTo(receiver.origin, 'splunk-hec', { authorization: new Secret('t') });
    const left = events(8).map((event, at) => (at === 4 ? secretEvent(5, { reason: 'poison' }) : event));
    const kinds: string[] = [];
    while (kinds.length < 8) kinds.push(...(await sink.send(left.slice(kinds.length), 20_000)).map(({ kind }) => kind));
    expect(kinds).toEqual([...Array<string>(4).fill('delivered'), 'refused', ...Array<string>(3).fill('delivered')]);
    expect(receiver.taken).toHaveLength(7);
  });

  it('is not sent at all if its one event is larger than a message may be', async () => {
    const receiver = await receivers.openReceiver(receivers.generic);
    const sink = await sinkTo(receiver.origin, 'json');
    expect(await sink.send(events(2, { secrets: ['N'.repeat(2_000_000)] }), 20_000)).toEqual([
      { kind: 'refused', why: 'it is larger than one message may be' },
    ]);
    expect(receiver.requests()).toBe(0);
  });

  it('that Elasticsearch takes in part has a verdict for each part, and a second attempt makes no second document', async () => {
    const receiver = await receivers.openReceiver(receivers.elastic('k'));
    const sink = await sinkTo(receiver.origin, 'ecs', { authorization: new Secret('k') });
    expect(await sink.send(events(2), 20_000)).toEqual([delivered, delivered]);
    receiver.answerNext({
      status: 200,
      body: '{"errors":true,"items":[{"create":{"status":409}},{"create":{"status":429}}]}',
    });
    expect(await sink.send(events(2), 20_000)).toMatchObject([delivered, { kind: 'retry' }]);
    receiver.answerNext({ status: 200, body: '{"items":[{"create":{"status":201}}]}' });
    expect(await sink.send(events(2), 20_000)).toMatchObject([{ kind: 'retry' }, { kind: 'retry' }]);
    expect(await sink.send(events(2), 20_000)).toEqual([delivered, delivered]);
    expect(receiver.taken).toHaveLength(2);
  });
});

describe('an attempt', () => {
  it('is stamped anew, with the same id and body', async () => {
    const seen: receivers.Asked[] = [];
    const receiver = await receivers.openReceiver((asked) => {
      seen.push(asked);
      return { status: 500 };
    });
    const clock = new TestClock();
    const secrets = [new Secret(`whsec_${Buffer.from('0123456789abcdefghijklmn').toString('base64')}`)];
    const sink = await sinkTo(receiver.origin, 'standard', { clock, secrets });
    await sink.send(events(1), 20_000);
    clock.pass(5000);
    await sink.send(events(1), 20_000);
    const [first, second] = seen;
    expect(Number(second!.headers['webhook-timestamp']) - Number(first!.headers['webhook-timestamp'])).toBe(5);
    expect(second!.headers['webhook-signature']).not.toBe(first!.headers['webhook-signature']);
    expect([second!.headers['webhook-id'], second!.body]).toEqual([first!.headers['webhook-id'], first!.body]);
  });

  it('that fails says so in our own words, without a credential', async () => {
    const gone = await receivers.openReceiver(() => ({ status: 500, body: 'canary' }));
    const sink = await sinkTo(`${gone.origin}/canary?canary`, 'splunk-hec', { authorization: new Secret('canary') });
    expect(await sink.send(events(2), 20_000)).toEqual([
      { kind: 'retry', why: 'it answered 500' },
      { kind: 'retry', why: 'it answered 500' },
    ]);
    const bad = await sinkTo(`${gone.origin}/canary`, 'json', { authorization: new Secret('canary\nx') });
    expect(JSON.stringify(await bad.send(events(1), 20_000))).toBe(
      '[{"kind":"retry","why":"it could not be sent (ERR_INVALID_CHAR)"}]',
    );
  });

  it('takes a date in Retry-After, and no more than a day', () => {
    const now = Date.UTC(2026, 0, 1);
    expect(retryAfterMs('120', now)).toBe(120_000);
    expect(retryAfterMs('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Thu, 01 Jan 2020 00:00:30 GMT', now)).toBe(0);
    expect(retryAfterMs('999999999', now)).toBe(86_400_000);
    for (const text of ['', 'soon', '-5', '1.5x', '9'.repeat(30)])
      expect([text, retryAfterMs(text, now)]).toEqual([text, null]);
  });
});

describe('a token of OAuth', () => {
  const client = { id: 'client-1', secret: 'canary-secret' };
  const path = '/dataCollectionRules/dcr-1/streams/Custom-AgentVault_CL';

  async function sentinel(clock: Clock, secret = client.secret) {
    const receiver = await receivers.openReceiver(receivers.sentinel(client));
    const options = { tenantId: 'tenant-1', clientId: client.id, clientSecret: secret, authority: receiver.origin };
    return { receiver, sink: await sinkTo(receiver.origin + path, 'sentinel', { clock, options }) };
  }

  it('is fetched once, again when it lapses, and again when it is not taken', async () => {
    const clock = new TestClock();
    const { receiver, sink } = await sentinel(clock);
    const send = async (): Promise<[string, number]> => {
      const [verdict] = await sink.send(events(1), 20_000);
      return [verdict!.kind, receiver.requests()];
    };
    expect([await send(), await send()]).toEqual([
      ['delivered', 2],
      ['delivered', 3],
    ]);
    clock.pass(3_540_000);
    expect(await send()).toEqual(['delivered', 5]);
    receiver.answerNext({ status: 401 });
    expect([await send(), await send()]).toEqual([
      ['retry', 6],
      ['delivered', 8],
    ]);
  });

  it('that cannot be had is why nothing was sent, without a word of the secret or the answer', async () => {
    const { receiver, sink } = await sentinel(systemClock, 'canary-wrong');
    const refused = await sink.send(events(1), 20_000);
    expect(refused).toEqual([{ kind: 'retry', why: 'no token: the token service answered 401' }]);
    for (const body of ['canary', '{"access_token":""}', '{"access_token":"canary","expires_in":"soon"}']) {
      receiver.answerNext({ status: 200, body });
      expect(await sink.send(events(1), 20_000)).toEqual([
        { kind: 'retry', why: 'no token: the token service answered something else' },
      ]);
    }
    expect(receiver.taken).toEqual([]);
  });
});
