import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import type { Sink } from '../../../src/webhooks/formats/define.ts';
import { formatPlugins } from '../../../src/webhooks/formats/index.ts';
import type { Resolve } from '../../../src/webhooks/send.ts';
import { openSink } from '../../../src/webhooks/sink.ts';
import { TestClock } from '../../support/clock.ts';
import { identity } from '../tls.ts';
import { hostile, samples, secretEvent } from './samples.ts';

const plugin = formatPlugins.find(({ type }) => type === 'syslog')!;
const name = 'logs.example.com';
const here: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];

interface Changes {
  readonly message?: string;
  readonly ca?: string;
  readonly allowPrivate?: boolean;
  readonly resolve?: Resolve;
  readonly clock?: Clock;
}

function sinkTo(url: string, { message, clock = systemClock, resolve = here, ...rest }: Changes = {}): Promise<Sink> {
  const options = plugin.options.parse(message === undefined ? {} : { message });
  return openSink({ plugin, options, url, secrets: [], allowPrivate: true, ...rest }, { clock, resolve });
}

/** A collector of RFC 5425: each message has its length before it. */
async function collector(onConnection: (socket: TLSSocket) => void = () => undefined) {
  const { cert, key } = identity(name);
  const chunks: Buffer[] = [];
  const server = createServer({ cert, key }, (socket) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
    onConnection(socket);
  });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const url = `syslog+tls://${name}:${(server.address() as AddressInfo).port}`;
  return { url, ca: cert, messages: () => framesOf(Buffer.concat(chunks)) };
}

function framesOf(stream: Buffer): string[] {
  const space = stream.indexOf(' ');
  if (space === -1) return [];
  const end = space + 1 + Number(stream.subarray(0, space).toString());
  return [stream.subarray(space + 1, end).toString(), ...framesOf(stream.subarray(end))];
}

/** RFC 5424, 6: header, no structured data, message. */
const syslogLine =
  /^<(\d{1,3})>1 \d{4}-\d\d-\d\dT[\d:.]{12}Z [\x21-\x7e]{1,255} agent-vault - [\w.]{1,32} - ([^\n]*)$/u;

describe('syslog over TLS', () => {
  it('delivers messages of RFC 5424 with their lengths, whatever agents wrote', async () => {
    const { url, ca, messages } = await collector();
    const events = [...Object.values(samples), secretEvent(1, { reason: hostile, agent: hostile, secrets: [hostile] })];
    const verdicts = await (await sinkTo(url, { ca })).send(events, 20_000);
    expect(verdicts).toEqual(events.map(() => ({ kind: 'delivered' })));
    const parsed = messages().map((text) => syslogLine.exec(text)?.slice(1) ?? [text]);
    expect(parsed).toHaveLength(events.length);
    expect(parsed.map(([priority]) => priority)).toEqual([
      '110',
      '109',
      '110',
      '109',
      '109',
      '108',
      '108',
      '110',
      '110',
      '110',
    ]);
    for (const [, message] of parsed) expect(message).toMatch(/^CEF:0\|agent-vault\|/u);
  });

  it('holds JSON where that is asked for', async () => {
    const { url, ca, messages } = await collector();
    await (await sinkTo(url, { ca, message: 'json' })).send([secretEvent(7)], 20_000);
    expect(JSON.parse(syslogLine.exec(messages()[0]!)![2]!)).toMatchObject({ seq: 7, secrets: ['STRIPE_KEY'] });
  });

  it('waits where the certificate is not trusted, the connection is cut, or nobody closes it', async () => {
    const { url } = await collector();
    const [untrusted] = await (await sinkTo(url)).send([secretEvent(1)], 20_000);
    expect(untrusted).toEqual({ kind: 'retry', why: 'its certificate is not trusted here' });
    const cutting = createTcpServer((socket) => socket.on('data', () => socket.resetAndDestroy()));
    await once(cutting.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void cutting.close());
    const cut = `syslog+tls://${name}:${(cutting.address() as AddressInfo).port}`;
    expect(await (await sinkTo(cut)).send([secretEvent(1)], 20_000)).toEqual([
      { kind: 'retry', why: 'the connection was cut' },
    ]);
    const clock = new TestClock();
    const connected = Promise.withResolvers<null>();
    const held = await collector((socket) => {
      socket.allowHalfOpen = true;
      connected.resolve(null);
    });
    const sending = (await sinkTo(held.url, { ca: held.ca, clock })).send([secretEvent(1)], 5000);
    await connected.promise;
    clock.pass(5000);
    expect(await sending).toEqual([{ kind: 'retry', why: 'not taken within 5 s' }]);
  });

  it('goes to no private address that was not allowed', async () => {
    const { url, ca, messages } = await collector();
    const why = 'its address is private, which takes allowPrivate';
    expect(await (await sinkTo(url, { ca, allowPrivate: false })).send([secretEvent(1)], 20_000)).toEqual([
      { kind: 'retry', why },
    ]);
    const literal = url.replace(name, '10.0.0.1');
    expect(await (await sinkTo(literal, { ca, allowPrivate: false })).send([secretEvent(1)], 20_000)).toEqual([
      { kind: 'retry', why },
    ]);
    expect(messages()).toEqual([]);
  });
});

describe('syslog over UDP', () => {
  it('sends a datagram for each event, refuses what is larger, and no private address that was not allowed', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `syslog+udp://${name}:${server.address().port}`;
    const came = once(server, 'message');
    const sink = await sinkTo(url, { message: 'json' });
    expect(await sink.send([secretEvent(1), secretEvent(2)], 20_000)).toEqual([{ kind: 'delivered' }]);
    const [datagram] = (await came) as [Buffer];
    expect(datagram.toString()).toMatch(syslogLine);
    const large = secretEvent(3, { secrets: Array.from({ length: 200 }, () => 'N'.repeat(400)) });
    expect(await sink.send([large], 20_000)).toEqual([{ kind: 'refused', why: 'it is larger than a datagram' }]);
    const closed = await sinkTo(url, { allowPrivate: false });
    expect(await closed.send([secretEvent(4)], 20_000)).toEqual([
      { kind: 'retry', why: 'its address is private, which takes allowPrivate' },
    ]);
  });

  it('gives up a look-up that does not end', async () => {
    const clock = new TestClock();
    const sink = await sinkTo(`syslog+udp://${name}`, { clock, resolve: () => new Promise(() => undefined) });
    const sending = sink.send([secretEvent(1)], 5000);
    clock.pass(5000);
    expect(await sending).toEqual([{ kind: 'retry', why: 'not taken within 5 s' }]);
  });
});
