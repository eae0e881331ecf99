import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import type { Event, Sink, Verdict } from '../../../src/webhooks/formats/define.ts';
import { formatPlugins } from '../../../src/webhooks/formats/index.ts';
import { openSink } from '../../../src/webhooks/sink.ts';
import * as receivers from '../../support/receivers.ts';
import type { Receiver, Reply, Rules } from '../../support/receivers.ts';
import { samples, secretEvent } from './samples.ts';

interface Case {
  /** Afresh for each test: receivers remember. */
  readonly rules: () => Rules;
  readonly path: string;
  readonly authorization?: string;
  readonly options?: (receiver: Receiver) => Record<string, unknown>;
  readonly secret?: string;
}

const secret = `whsec_${randomBytes(32).toString('base64')}`;

const cases: Readonly<Record<string, Case>> = {
  json: { rules: () => receivers.generic, path: '/in' },
  standard: { rules: () => receivers.standardWebhooks(secret), path: '/in', secret },
  'splunk-hec': {
    rules: () => receivers.splunk('t0ken'),
    path: '/',
    authorization: 't0ken',
    options: () => ({ index: 'audit' }),
  },
  datadog: {
    rules: () => receivers.datadog('key', Date.now),
    path: '/',
    authorization: 'key',
    options: () => ({ tags: ['env:dev'] }),
  },
  slack: { rules: () => receivers.slack, path: '/services/T0/B0/xyz' },
  discord: { rules: () => receivers.discord, path: '/api/webhooks/123/abc-DEF' },
  ecs: { rules: () => receivers.elastic('key'), path: '/', authorization: 'key' },
  ocsf: { rules: () => receivers.ocsf, path: '/in' },
  otel: { rules: () => receivers.otlp('key'), path: '/', authorization: 'key', options: () => ({ header: 'api-key' }) },
  sentinel: {
    rules: () => receivers.sentinel({ id: 'client-1', secret: 's3cret' }),
    path: '/dataCollectionRules/dcr-1/streams/Custom-AgentVault_CL',
    options: ({ origin }) => ({
      tenantId: 'tenant-1',
      clientId: 'client-1',
      clientSecret: 's3cret',
      authority: origin,
    }),
  },
  cef: { rules: () => receivers.cef, path: '/in' },
};

interface Opened {
  readonly receiver: Receiver;
  readonly sink: Sink;
}

async function open(type: string, changes: Partial<Case> = {}): Promise<Opened> {
  const { rules, path, authorization, options, ...rest } = { ...cases[type]!, ...changes };
  const receiver = await receivers.openReceiver(rules());
  const plugin = formatPlugins.find((each) => each.type === type)!;
  const sink = await openSink(
    {
      plugin,
      options: plugin.options.parse(options?.(receiver) ?? {}),
      url: receiver.origin + path,
      ...(authorization !== undefined && { authorization: new Secret(authorization) }),
      secrets: rest.secret === undefined ? [] : [new Secret(rest.secret)],
      allowPrivate: false,
    },
    { clock: systemClock },
  );
  onTestFinished(() => sink.close());
  return { receiver, sink };
}

/** As whoever delivers does it: what a message did not hold is in the next one. */
async function sendAll(sink: Sink, events: readonly Event[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  while (verdicts.length < events.length) {
    const next = await sink.send(events.slice(verdicts.length), 20_000);
    expect(next.length).toBeGreaterThan(0);
    verdicts.push(...next);
  }
  return verdicts;
}

const types = Object.keys(cases);
const young = (seq: number): Event => secretEvent(seq, { timestamp: new Date().toISOString() });

describe.each(types)('%s', (type) => {
  it('is taken by a receiver that keeps to its rules, event by event and in their order', async () => {
    const { receiver, sink } = await open(type);
    const events = Object.values(samples);
    expect(await sendAll(sink, events)).toEqual(events.map(() => ({ kind: 'delivered' })));
    expect(receiver.taken).toHaveLength(events.length);
    const texts = receiver.taken.map((each) => JSON.stringify(each));
    expect(texts[0]).toContain('STRIPE_KEY, DB_URL'.slice(0, 10));
    expect(texts[5]).toMatch(/paired/iu);
  });

  it('is taken in as few messages as the rules allow', async () => {
    const { receiver, sink } = await open(type);
    const events = Array.from({ length: 120 }, (_, at) => young(at + 1));
    expect((await sendAll(sink, events)).every(({ kind }) => kind === 'delivered')).toBe(true);
    expect(receiver.taken).toHaveLength(120);
    expect(receiver.requests()).toBe(sink.most === 1 ? 120 : type === 'sentinel' ? 2 : 1);
  });

  it.each([500, 502, 503, 401, 403, 408, 429])('waits where the answer is %i', async (status) => {
    const { receiver, sink } = await open(type);
    receiver.answerNext({ status });
    const [verdict] = await sink.send([young(1)], 20_000);
    expect(verdict).toMatchObject({ kind: 'retry' });
    expect((await sink.send([young(1)], 20_000))[0]).toEqual({ kind: 'delivered' });
  });

  it('follows no redirect, and keeps the wait that it is asked for', async () => {
    const { receiver, sink } = await open(type);
    const replies: Reply[] = [
      { status: 307, headers: { location: '/elsewhere' } },
      { status: 429, headers: { 'retry-after': '7' } },
    ];
    if (type === 'sentinel') await sink.send([young(9)], 20_000);
    receiver.answerNext(...replies);
    expect(await sink.send([young(1)], 20_000)).toEqual([
      { kind: 'retry', why: 'it answered 307, and redirects are not followed' },
    ]);
    expect(await sink.send([young(1)], 20_000)).toMatchObject([{ kind: 'retry', afterMs: 7000 }]);
  });

  it('has no verdict for no events', async () => {
    const { receiver, sink } = await open(type);
    expect([await sink.send([], 20_000), receiver.requests()]).toEqual([[], 0]);
  });

  it('is signed where it has a key, with the id of what is in the message', async () => {
    const key = `whsec_${randomBytes(32).toString('base64')}`;
    const seen: receivers.Asked[] = [];
    const usual = cases[type]!.rules();
    const rules: Rules = (asked) => {
      seen.push(asked);
      return usual(asked);
    };
    const { sink } = await open(type, { secret: key, rules: () => rules });
    await sink.send([young(1), young(2)], 20_000);
    const { headers, body } = seen.at(-1)!;
    expect(headers['webhook-id']).toBe(sink.most === 1 ? 'evt_0000000001' : 'evt_0000000001-evt_0000000002');
    expect(receivers.standardSignature(key, { headers, body })).toBe(true);
  });
});
