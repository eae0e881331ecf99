import type { Socket as UdpSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { z } from 'zod';
import { networkFailure } from '../../platform/network-errors.ts';
import { bareHost, refusal } from '../address.ts';
import { cefLine } from './cef-line.ts';
import { defineSink } from './define.ts';
import type { Event, FormatContext, Sink, Target, Verdict } from './define.ts';
import { factsOf, messageOf, recordOf } from './facts.ts';
import { delivered, refused } from './judge.ts';

/**
 * Syslog acknowledges nothing. Over TLS, events count as delivered when the other side has closed the connection in order after all were
 * written, which a collector that does not read can do too; over UDP, when this machine has sent them.
 */
export const syslog = defineSink({
  type: 'syslog',
  about:
    'syslog (RFC 5424): `syslog+tls://host:6514`, or `syslog+udp://host:514`, unencrypted and without any certainty',
  schemes: ['syslog+tls:', 'syslog+udp:'],
  options: z.strictObject({
    message: z.enum(['cef', 'json']).default('cef').describe('what a message holds'),
  }),
  sink: async ({ message }, target, context) => {
    const line = (event: Event): Buffer => Buffer.from(lineOf(event, message, context));
    return target.url.protocol === 'syslog+tls:' ? tlsSink(target, context, line) : udpSink(target, context, line);
  },
});

type Line = (event: Event) => Buffer;

/** Facility 13, log audit. The structured data are empty: all is in the message. */
function lineOf(event: Event, message: 'cef' | 'json', context: FormatContext): string {
  const { type, severity } = factsOf(event);
  const level = severity >= 7 ? 4 : severity >= 4 ? 5 : 6;
  const host = context.host.replaceAll(/[^\x21-\x7e]/gu, '_').slice(0, 255) || '-';
  const text =
    message === 'cef' ? cefLine(event, context) : JSON.stringify({ ...recordOf(event), message: messageOf(event) });
  return `<${13 * 8 + level}>1 ${event.timestamp} ${host} agent-vault - ${type.slice(0, 32)} - ${text}`;
}

/** RFC 5425: a connection for each message, so that its end shows that all of it has arrived. */
async function tlsSink(
  { url, ca, allowPrivate, resolve }: Target,
  { clock }: FormatContext,
  line: Line,
): Promise<Sink> {
  const [{ connect }, { allAddresses, checkedLookup }] = await Promise.all([import('node:tls'), import('../send.ts')]);
  const host = bareHost(url.hostname);
  const send = (body: Buffer, timeoutMs: number): Promise<Verdict> => {
    const { promise, resolve: settle } = Promise.withResolvers<Verdict>();
    const socket = connect({
      host,
      port: Number(url.port || 6514),
      lookup: checkedLookup(allowPrivate, resolve ?? allAddresses),
      rejectUnauthorized: true,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== null && { ca }),
    });
    const stop = clock.after(timeoutMs, () => {
      settle(late(timeoutMs));
      socket.destroy();
    });
    socket
      .once('secureConnect', () => socket.end(body))
      .once('end', () => socket.writableFinished && settle(delivered));
    socket.once('error', (error) => settle(retry(networkFailure(error))));
    socket.once('close', () => {
      stop();
      settle(socket.readableEnded && socket.writableFinished ? delivered : retry('the connection was cut'));
    });
    socket.resume();
    return promise;
  };
  return {
    most: 100,
    async send(events, timeoutMs) {
      const taken = events.slice(0, 100);
      if (taken.length === 0) return [];
      const problem = isIP(host) === 0 ? null : refusal(host, host, allowPrivate);
      const frames = taken.map(line).flatMap((text) => [Buffer.from(`${text.length} `), text]);
      const verdict = problem === null ? await send(Buffer.concat(frames), timeoutMs) : retry(problem);
      return taken.map(() => verdict);
    },
    close: () => undefined,
  };
}

/** RFC 5426: what is longer than a datagram cannot be sent at all. Bytes. */
const datagram = 65_000;

async function udpSink({ url, allowPrivate, resolve }: Target, { clock }: FormatContext, line: Line): Promise<Sink> {
  const [{ createSocket }, { allAddresses }] = await Promise.all([import('node:dgram'), import('../send.ts')]);
  const host = bareHost(url.hostname);
  const send = async (text: Buffer): Promise<Verdict> => {
    const addresses = await (resolve ?? allAddresses)(host);
    const problem = addresses.map(({ address }) => refusal(host, address, allowPrivate)).find((each) => each !== null);
    const [first] = addresses;
    if (problem !== undefined || first === undefined) return retry(problem ?? 'the host is unknown');
    if (text.length > datagram) return refused('it is larger than a datagram');
    const socket = createSocket(first.family === 6 ? 'udp6' : 'udp4');
    return sendOn(socket, text, Number(url.port || 514), first.address);
  };
  return {
    most: 1,
    async send([event], timeoutMs) {
      if (event === undefined) return [];
      const { promise, resolve: settle } = Promise.withResolvers<Verdict>();
      const stop = clock.after(timeoutMs, () => settle(late(timeoutMs)));
      send(line(event)).then(settle, (error: unknown) => settle(retry(networkFailure(error))));
      return [await promise.finally(stop)];
    },
    close: () => undefined,
  };
}

function sendOn(socket: UdpSocket, text: Buffer, port: number, address: string): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  socket.once('error', (error) => resolve(retry(networkFailure(error))));
  socket.send(text, port, address, (error) => {
    resolve(error === null ? delivered : retry(networkFailure(error)));
    socket.close();
  });
  return promise;
}

function retry(why: string): Verdict {
  return { kind: 'retry', why };
}

function late(timeoutMs: number): Verdict {
  return retry(`not taken within ${timeoutMs / 1000} s`);
}
