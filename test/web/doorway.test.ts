import { execFile } from 'node:child_process';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import type { OpenTunnel, Tunnel } from '../../src/core/ports.ts';
import type { RequestId } from '../../src/core/request.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openDoorway } from '../../src/web/doorway.ts';
import type { Stand } from './support.ts';
import { emptyRooms, listeningLog, openStand, send, tunnelAt } from './support.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

function standing(options: Parameters<typeof openStand>[0] = {}): Stand {
  const stand = openStand(options);
  open.push(stand);
  return stand;
}

const id = 'some-request' as RequestId;
const soon = (): number => Date.now() + 60_000;

describe('without a tunnel', () => {
  it('links lead to localhost, and the operator is told once how to get further', async () => {
    const stand = standing();
    const links = await Promise.all([stand.doorway.link(id, soon()), stand.doorway.link(id, soon())]);
    for (const link of links) {
      expect(link.url).toMatch(/^http:\/\/localhost:\d+\/approve\/some-request\?exp=\d+&sig=[\w-]{43}$/);
      expect(link).not.toHaveProperty('note');
    }
    expect(stand.said).toEqual([
      'no tunnel is configured: approval links work on this machine only',
      expect.stringContaining('nobody is paired: whoever has the link can approve'),
    ]);
  });

  it('the page is served on 127.0.0.1 and, where there is IPv6, on ::1', async () => {
    const stand = standing();
    const { port } = new URL((await stand.doorway.link(id, soon())).url);
    const hasV6 = await listening('::1', 0).then(
      (server) => server.close(),
      () => null,
    );
    expect(await answers('127.0.0.1', Number(port))).toBe(true);
    expect(await answers('::1', Number(port))).toBe(hasV6 !== null);
  });
});

describe('the first link', () => {
  it('opens the server and the tunnel, once for all who want a link', async () => {
    let connects = 0;
    const tunnel: Tunnel = {
      type: 'test',
      connect: async () => {
        connects += 1;
        return { origin: () => 'https://av.example.test', close: async () => undefined };
      },
    };
    const stand = standing({ tunnel });
    expect([connects, stand.port()]).toEqual([0, 0]);
    const links = await Promise.all(Array.from({ length: 20 }, () => stand.doorway.link(id, soon())));
    expect(connects).toBe(1);
    for (const link of links) expect(link.url).toMatch(/^https:\/\/av\.example\.test\/approve\//);
  });

  it('loads Express and the templates; importing does not', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', lazyProbe]);
    expect(JSON.parse(stdout)).toEqual({ before: [], after: ['eta', 'express'] });
  });
});

const lazyProbe = `
  import { registerHooks } from 'node:module';
  const heavy = new Set();
  registerHooks({ resolve(specifier, context, next) {
    if (['express', 'eta', 'better-sqlite3', 'zod'].includes(specifier)) heavy.add(specifier);
    return next(specifier, context);
  } });
  const { openDoorway } = await import(${JSON.stringify(new URL('../../src/web/doorway.ts', import.meta.url).href)});
  const log = { say() {}, warn() {}, once() {} };
  const clock = { wall: Date.now, monotonic: () => performance.now(), after: (ms, then) => { setTimeout(then, ms).unref(); return () => {}; } };
  const random = { id: () => 'x', bytes: (length) => new Uint8Array(length) };
  const openGate = () => ({ ways: async () => ({ link: true }) });
  const doorway = openDoorway({ desk: {}, board: {}, openGate, tunnel: null, port: 0, clock, random, log });
  const before = [...heavy].sort();
  await doorway.link('x', Date.now());
  await doorway.close();
  console.log(JSON.stringify({ before, after: [...heavy].sort() }));
`;

describe('a server that cannot be started', () => {
  it('is an error in our own words, and is tried again for the next link', async () => {
    let attempt = 0;
    const bytes = (length: number): Uint8Array => {
      attempt += 1;
      if (attempt === 1) throw new Error('no entropy at /dev/random');
      return systemRandom.bytes(length);
    };
    const said: string[] = [];
    const log = listeningLog(said);
    const random = { id: () => systemRandom.id(), bytes };
    const doorway = openDoorway({ ...emptyRooms(systemClock), tunnel: null, port: 0, clock: systemClock, random, log });
    open.push(doorway);
    const failing = await Promise.allSettled([doorway.link(id, soon()), doorway.link(id, soon())]);
    const message = 'the approval page cannot be served on this machine';
    for (const outcome of failing) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { failure: 'approval_unavailable', message } });
    }
    expect((await doorway.link(id, soon())).url).toMatch(/^http:\/\/localhost:/);
  });
});

describe('a tunnel that fails', () => {
  it('leaves the link on localhost with the reason, and is tried again for the next one', async () => {
    let attempt = 0;
    const tunnel: Tunnel = {
      type: 'test',
      connect: async () => {
        attempt += 1;
        if (attempt === 1) throw new VaultError('tunnel_unavailable', 'ngrok refused the token');
        if (attempt === 2) throw new Error('foreign text with a token in it');
        return { origin: () => 'https://av.example.test', close: async () => undefined };
      },
    };
    const stand = standing({ tunnel });
    const first = await stand.doorway.link(id, soon());
    expect(first.url).toMatch(/^http:\/\/localhost:/);
    expect(first.note).toBe('this link works on this machine only: ngrok refused the token');
    expect((await send(new URL(first.url))).status).toBe(404);
    const second = await stand.doorway.link(id, soon());
    expect(second.note).toBe('this link works on this machine only: the tunnel could not be opened');
    const third = await stand.doorway.link(id, soon());
    expect(third.url).toMatch(/^https:\/\/av\.example\.test\//);
    expect(third).not.toHaveProperty('note');
    expect(new URL(third.url).search.split('&')[1]).toMatch(/^sig=/);
  });

  it('that is down for now, or gives no web origin, is the same', async () => {
    let origin: string | null = null;
    const stand = standing({ tunnel: tunnelAt(() => origin) });
    const note = 'this link works on this machine only: the tunnel is down at the moment';
    expect(await stand.doorway.link(id, soon())).toMatchObject({
      url: expect.stringMatching(/^http:\/\/localhost:/),
      note,
    });
    for (const odd of ['', 'nonsense', 'tcp://1.tcp.example:22', 'javascript:alert(1)']) {
      origin = odd;
      expect((await stand.doorway.link(id, soon())).note).toBe(note);
    }
    origin = 'https://back.example.test/';
    expect((await stand.doorway.link(id, soon())).url).toMatch(/^https:\/\/back\.example\.test\/approve\//);
  });

  it('and comes back under another name is served under that name only', async () => {
    let origin: string | null = 'https://one.example.test';
    const stand = standing({ tunnel: tunnelAt(() => origin) });
    const { url } = await stand.ask();
    const at = (host: string): Promise<number> =>
      send(new URL(url.pathname + url.search, `http://localhost:${stand.port()}`), { headers: { Host: host } }).then(
        ({ status }) => status,
      );
    expect(await at('one.example.test')).toBe(200);
    origin = 'https://two.example.test';
    expect([await at('one.example.test'), await at('two.example.test')]).toEqual([421, 200]);
    origin = null;
    expect([await at('two.example.test'), await at(`localhost:${stand.port()}`)]).toEqual([421, 200]);
  });
});

describe('a port that is taken', () => {
  it.each(['127.0.0.1', '::1'])('on %s is left alone: the next free one is used, which is said once', async (host) => {
    const taken = await listening(host, 0).catch(() => null);
    if (taken === null) return expect(host).toBe('::1');
    open.push(taken);
    const port = portOf(taken);
    const stand = standing({ port });
    const url = new URL((await stand.doorway.link(id, soon())).url);
    await stand.doorway.link(id, soon());
    expect(Number(url.port)).not.toBe(port);
    expect(stand.said.filter((text) => text.includes('taken'))).toEqual([
      `port ${port} is taken; the approval pages are on port ${url.port}`,
    ]);
    expect((await send(url)).status).toBe(404);
  });

  it('by twenty neighbours leaves any other', async () => {
    const first = standing({ port: 65_535 });
    const second = standing({ port: 65_535 });
    const ports = [await first.doorway.link(id, soon()), await second.doorway.link(id, soon())].map(
      ({ url }) => new URL(url).port,
    );
    expect(new Set(ports).size).toBe(2);
    expect(Number(ports[1])).toBeGreaterThan(0);
  });
});

describe('closing', () => {
  it('stops listening, cuts connections that wait, and closes the tunnel', async () => {
    let closed = 0;
    const way: OpenTunnel = { origin: () => 'https://av.example.test', close: async () => void (closed += 1) };
    const stand = standing({ tunnel: { type: 'test', connect: async () => way } });
    await stand.doorway.link(id, soon());
    const port = stand.port();
    const idle = connect(port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    idle.write('GET / HTTP/1.1\r\n');
    const cut = new Promise((resolve) => idle.on('error', () => undefined).once('close', resolve));
    await Promise.all([stand.doorway.close(), stand.doorway.close()]);
    await cut;
    expect(closed).toBe(1);
    expect(await answers('127.0.0.1', port)).toBe(false);
    await expect(stand.doorway.link(id, soon())).rejects.toMatchObject({ failure: 'closing' });
  });

  it('does not wait for a tunnel that hangs, opening or closing', async () => {
    const never = new Promise<never>(() => undefined);
    const opening = standing({ tunnel: { type: 'test', connect: () => never } });
    const waiting = opening.doorway.link(id, soon());
    waiting.catch(() => undefined);
    await expect.poll(() => opening.port()).toBeGreaterThan(0);
    const closing = standing({
      tunnel: { type: 'test', connect: async () => ({ origin: () => null, close: () => never }) },
    });
    await closing.doorway.link(id, soon());
    await Promise.all([opening.doorway.close(), closing.doorway.close()]);
    expect(await answers('127.0.0.1', opening.port())).toBe(false);
    expect(await answers('127.0.0.1', closing.port())).toBe(false);
  });

  it('closes a tunnel that opens too late, and gives out no link any more', async () => {
    let arrive: (way: OpenTunnel) => void = () => undefined;
    let closed = 0;
    const connecting = new Promise<OpenTunnel>((resolve) => (arrive = resolve));
    const stand = standing({ tunnel: { type: 'test', connect: () => connecting } });
    const waiting = stand.doorway.link(id, soon());
    const outcome = expect(waiting).rejects.toMatchObject({ failure: 'closing' });
    await expect.poll(() => stand.port()).toBeGreaterThan(0);
    await stand.doorway.close();
    arrive({ origin: () => 'https://late.example.test', close: async () => void (closed += 1) });
    await outcome;
    await expect.poll(() => closed).toBe(1);
  });

  it('before the first link is nothing', async () => {
    await standing().doorway.close();
  });
});

function listening(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
