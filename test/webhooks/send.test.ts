import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { refusal } from '../../src/webhooks/address.ts';
import { openSender } from '../../src/webhooks/send.ts';
import type { Message, Resolve, SenderOptions, Sent } from '../../src/webhooks/send.ts';
import { TestClock } from '../support/clock.ts';
import { openSink } from './support.ts';
import type { Sink } from './support.ts';
import { identity } from './tls.ts';

function sender(options: Partial<SenderOptions> = {}): (url: string, changes?: Partial<Message>) => Promise<Sent> {
  const opened = openSender({ clock: systemClock, allowPrivate: false, ca: null, ...options });
  onTestFinished(() => opened.close());
  return (url, changes) =>
    opened.send({ url: new URL(url), headers: {}, body: '{}', timeoutMs: 20_000, answerBytes: 1024, ...changes });
}

/** Answers look-ups one after the other, the last one for ever, and counts them. */
function resolver(...answers: readonly (readonly string[])[]): Resolve & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolve = async (host) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(host);
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return Object.assign(resolve, { asked });
}

async function openRaw(answer: (socket: Socket, connection: number) => void): Promise<string> {
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined));
    answer(socket, (connections += 1));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function port(sink: Sink): string {
  return new URL(sink.origin).port;
}

describe('sending', () => {
  it('posts what it is given and tells what the answer was', async () => {
    const sink = await openSink((response) => void response.writeHead(429, { 'retry-after': '7' }).end('slow down'));
    const sent = await sender()(`${sink.origin}/in?a=b`, { headers: { 'content-type': 'x/y', a: '1' }, body: 'é' });
    expect(sent).toEqual({ kind: 'answered', status: 429, retryAfter: '7', body: 'slow down' });
    expect(sink.received[0]).toMatchObject({ method: 'POST', path: '/in?a=b', body: 'é' });
    expect(sink.received[0]!.headers).toMatchObject({ 'content-type': 'x/y', a: '1', 'content-length': '2' });
  });

  it('follows no redirect', async () => {
    const elsewhere = await openSink();
    const sink = await openSink((response) => void response.writeHead(308, { location: elsewhere.origin }).end());
    expect(await sender()(sink.origin)).toMatchObject({ kind: 'answered', status: 308 });
    expect(elsewhere.received).toEqual([]);
  });

  it.each([['127.0.0.1'], ['10.0.0.1'], ['::1'], ['169.254.169.254'], ['8.8.8.8', '192.168.0.1'], ['8.8.8.8', '::1']])(
    'does not connect to a name that leads to %s, %s',
    async (...addresses) => {
      const connections: string[] = [];
      const url = new URL(await openRaw(() => connections.push('came')));
      const sent = await sender({ resolve: resolver(addresses) })(`https://logs.example.com:${url.port}/`);
      expect(sent).toMatchObject({ kind: 'failed', why: expect.stringMatching(/^its address /) });
      expect(connections).toEqual([]);
    },
  );

  it('does not connect to a real name that leads into a private network or to this machine', async () => {
    const addresses = await lookup(hostname(), { all: true }).catch(() => []);
    const why = addresses.map(({ address }) => refusal(hostname(), address, false)).find((each) => each !== null);
    expect(await sender()(`https://${hostname()}:9/`)).toEqual({ kind: 'failed', why: why ?? 'the host is unknown' });
  });

  it('connects to the address that it checked, although a second look-up would say another', async () => {
    const resolve = resolver(['127.0.0.1'], ['127.0.0.2'], ['169.254.169.254']);
    const { cert, key } = identity('logs.example.com');
    const names: unknown[] = [];
    const server = createTlsServer({ cert, key }, (request, response) => {
      names.push(request.headers.host, (request.socket as Socket & { servername?: unknown }).servername);
      response.writeHead(204, { connection: 'close' }).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const at = `logs.example.com:${(server.address() as AddressInfo).port}`;
    const trusting = sender({ resolve, allowPrivate: true, ca: cert });
    expect(await trusting(`https://${at}/`)).toMatchObject({ kind: 'answered', status: 204 });
    expect(names).toEqual([at, 'logs.example.com']);
    expect(resolve.asked).toEqual(['logs.example.com']);
    expect(await trusting(`https://${at}/`)).toMatchObject({ why: 'nobody listens there' });
    expect(await trusting(`https://${at}/`)).toEqual({ kind: 'failed', why: 'its address belongs to no server' });
  });

  it('trusts no certificate that it was not told to, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const [own, other] = [identity('logs.example.com'), identity('another.example.com')];
    let requests = 0;
    const server = createTlsServer(own, (_, response) => {
      requests += 1;
      response.end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const url = `https://logs.example.com:${(server.address() as AddressInfo).port}/`;
    const options = { resolve: resolver(['127.0.0.1']), allowPrivate: true };
    const why = async (ca: string | null, to = url) => (await sender({ ...options, ca })(to)) as { why?: string };
    expect(await why(null)).toMatchObject({ why: 'its certificate is not trusted here' });
    expect(await why(other.cert)).toMatchObject({ why: 'its certificate is not trusted here' });
    expect(await why(own.cert, url.replace('logs', 'other'))).toMatchObject({
      why: 'its certificate is for another host',
    });
    expect(requests).toBe(0);
  });

  it('sends nothing in the clear to another machine, nor where credentials stand in the address', async () => {
    const resolve = resolver(['8.8.8.8']);
    const send = sender({ resolve, allowPrivate: true });
    expect(await send('http://logs.example.com/')).toMatchObject({ why: 'only https is used, except on this machine' });
    expect(await send('https://user:word@logs.example.com/')).toMatchObject({
      why: 'a user name or password stands in its address',
    });
    expect(resolve.asked).toEqual([]);
  });

  it('gives up at its time-out: a look-up, a connection or an answer that does not come', async () => {
    const silent = await openSink(() => undefined);
    const clock = new TestClock();
    const never: Resolve = () => new Promise(() => undefined);
    const lookingUp = sender({ clock, resolve: never })('https://logs.example.com/', { timeoutMs: 3000 });
    const waiting = sender({ clock })(silent.origin, { timeoutMs: 3000 });
    await silent.until(1);
    clock.pass(2999);
    expect(await Promise.race([waiting, lookingUp, Promise.resolve('still waiting')])).toBe('still waiting');
    clock.pass(1);
    expect([await lookingUp, await waiting]).toEqual(
      [0, 1].map(() => ({ kind: 'failed', why: 'no answer within 3 s' })),
    );
    expect(clock.timers).toBe(0);
  });

  it('reads no more of an answer than it needs, and waits no longer for its end than for its beginning', async () => {
    const endless = await openSink((response) => {
      const timer = setInterval(() => response.write('x'.repeat(500)), 1);
      response.on('close', () => clearInterval(timer)).writeHead(200);
    });
    expect(await sender()(endless.origin, { answerBytes: 2000 })).toMatchObject({
      status: 200,
      body: 'x'.repeat(2000),
    });
    const dripping = await openRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this');
    });
    const sent = await sender()(dripping, { timeoutMs: 700 });
    expect(sent).toMatchObject({ kind: 'answered', status: 200, body: 'only this' });
  });

  it('takes a status for the answer when the connection is cut in the middle of the text', async () => {
    const cut = await openRaw((socket) =>
      socket.end('HTTP/1.1 503 No\r\nretry-after: 3\r\ncontent-length: 100\r\n\r\nhalf'),
    );
    expect(await sender()(cut)).toEqual({ kind: 'answered', status: 503, retryAfter: '3', body: 'half' });
  });

  it('tries once more when a kept connection turns out to be closed, and only then', async () => {
    const answer = 'HTTP/1.1 204 No\r\nconnection: keep-alive\r\n\r\n';
    let came = 0;
    const url = await openRaw((socket) => {
      let first = true;
      socket.on('data', () => {
        came += 1;
        if (first) socket.write(answer);
        else socket.resetAndDestroy();
        first = false;
      });
    });
    const send = sender();
    expect([await send(url), await send(url)]).toMatchObject([{ status: 204 }, { status: 204 }]);
    expect(came).toBe(3);
    const rude = await openRaw((socket) => socket.on('data', () => socket.resetAndDestroy()));
    expect(await send(rude)).toEqual({ kind: 'failed', why: 'the connection was cut' });
  });

  it('sends nothing once more because it was closed itself', async () => {
    const sink = await openSink();
    const sender = openSender({ clock: systemClock, allowPrivate: false, ca: null });
    const post = (): Promise<Sent> =>
      sender.send({ url: new URL(sink.origin), headers: {}, body: '{}', timeoutMs: 20_000, answerBytes: 1024 });
    await post();
    sink.answer = () => undefined;
    const cut = post();
    await sink.until(2);
    sender.close();
    expect(await cut).toEqual({ kind: 'failed', why: 'the connection was cut' });
    expect(sink.received).toHaveLength(2);
  });

  it('says nothing of what it sent in a failure', async () => {
    const gone = await openSink();
    await gone.close();
    const header = { authorization: 'canary-header\nsecond line' };
    const sink = await openSink();
    const failures = [
      await sender()(`${gone.origin}/canary?canary`),
      await sender()(`${sink.origin}/canary`, { headers: header }),
      await sender()('https://canary.invalid/canary'),
      await sender()('http://canary.example.com/canary'),
      await sender()(`https://127.0.0.1:${port(sink)}/canary`),
    ];
    expect(failures.map(({ kind }) => kind)).toEqual(failures.map(() => 'failed'));
    expect(JSON.stringify(failures)).not.toContain('canary');
    expect(sink.received).toEqual([]);
  });

  it('uses no proxy that the environment names', async () => {
    const [proxy, sink] = [await openSink(), await openSink()];
    const script = `
      import { openSender } from '${new URL('../../src/webhooks/send.ts', import.meta.url).href}';
      import { systemClock } from '${new URL('../../src/platform/clock.ts', import.meta.url).href}';
      const sender = openSender({ clock: systemClock, allowPrivate: false, ca: null });
      const message = { headers: {}, body: '{}', timeoutMs: 20_000, answerBytes: 10 };
      console.log((await sender.send({ ...message, url: new URL('${sink.origin}') })).status);
      process.exit();`;
    const env = {
      ...process.env,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxy.origin,
      http_proxy: proxy.origin,
      NO_PROXY: '',
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
    expect(stdout.trim()).toBe('204');
    expect([proxy.received.length, sink.received.length]).toEqual([0, 1]);
  });
});
