import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Desk } from '../../src/core/ports.ts';
import type { RequestId } from '../../src/core/request.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openDoorway } from '../../src/web/doorway.ts';
import type { Reply, Sent, Stand } from './support.ts';
import { emptyRooms, listeningLog, openStand, send, tunnelAt, Visit } from './support.ts';

const publicHost = 'av.example.test';

let stand: Stand;
let link: URL;
beforeAll(async () => {
  stand = openStand({ tunnel: tunnelAt(() => `https://${publicHost}`) });
  link = (await stand.ask()).url;
});
afterAll(() => stand.close());

/** A link as it is opened on this machine. */
const locally = (url: URL): URL => new URL(url.pathname + url.search, `http://localhost:${stand.port()}`);
/** A request that arrives through the tunnel, which hands on the Host header. */
const publicly = (sent: Sent = {}): Promise<Reply> =>
  send(locally(link), { ...sent, headers: { Host: publicHost, ...sent.headers } });

const expectedHeaders: Record<string, string> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
  'x-robots-tag': 'noindex, nofollow',
};

describe('every answer', () => {
  it.each([
    ['the page', 200, {}],
    ['a dead link', 404, { target: '/approve/x?exp=1&sig=1' }],
    ['no such path', 404, { target: '/x' }],
    ['a style sheet', 200, { target: '/assets/style.css' }],
    ['a missing asset', 404, { target: '/assets/nothing.css' }],
    ['another method', 405, { method: 'PUT' }],
    ['a foreign form', 403, { method: 'POST', body: 'x=1' }],
    ['a foreign host', 421, { headers: { Host: 'evil.example' } }],
    ['a broken encoding', 404, { target: '/%E0%A4%A' }],
    [
      'too much',
      413,
      { method: 'POST', body: 'x'.repeat(17_000), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
    ],
  ] as [string, number, Sent][])('has the safe headers: %s', async (_what, status, sent) => {
    const reply = await send(locally(link), sent);
    expect(reply.status).toBe(status);
    expect(reply.headers).toMatchObject(expectedHeaders);
    for (const name of ['x-powered-by', 'server', 'etag', 'access-control-allow-origin'])
      expect(reply.headers).not.toHaveProperty(name);
  });

  it('has them even when the bytes are no request at all', async () => {
    const raw = await exchange('NONSENSE\r\n\r\n');
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
    for (const [name, value] of Object.entries(expectedHeaders))
      expect(raw.toLowerCase()).toContain(`${name}: ${value}`.toLowerCase());
  });

  it('has them when more is expected than we give', async () => {
    const raw = await exchange(
      `GET / HTTP/1.1\r\nHost: localhost:${stand.port()}\r\nExpect: magic\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 404 /);
    expect(raw.toLowerCase()).toContain('x-content-type-options: nosniff');
  });

  it('asks for https from then on only where it came by https', async () => {
    expect((await publicly()).headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await send(locally(link))).headers).not.toHaveProperty('strict-transport-security');
  });
});

describe('the methods', () => {
  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])('%s is not one of them', async (method) => {
    const page = await send(locally(link), { method });
    expect([page.status, page.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    const asset = await send(locally(link), { method, target: '/assets/style.css' });
    expect([asset.status, asset.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  it('cannot be disguised', async () => {
    const reply = await send(locally(link), { method: 'POST', headers: { 'X-HTTP-Method-Override': 'GET' } });
    expect(reply.status).toBe(403);
  });
});

describe('the host', () => {
  it.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])('%s with our port is ours', async (name) => {
    expect((await send(locally(link), { headers: { Host: `${name}:${stand.port()}` } })).status).toBe(200);
  });

  it('of the tunnel is ours', async () => {
    expect((await publicly()).status).toBe(200);
  });

  it.each([
    'evil.example',
    'localhost',
    'localhost:1',
    `${publicHost}:8443`,
    `x.${publicHost}`,
    `${publicHost}.evil.example`,
    '127.0.0.2:PORT',
    'localhost.evil.example:PORT',
    'localhost:PORT@evil.example',
    'evil.example@localhost:PORT',
  ])('%s is not', async (host) => {
    const { status, body } = await send(locally(link), {
      headers: { Host: host.replace('PORT', String(stand.port())) },
    });
    expect(status).toBe(421);
    expect(body).not.toContain('STRIPE_TEST_KEY');
  });

  it.each(['/assets/style.css', '/assets/request.js', '/', '/nothing'])(
    'has to be ours for %s as well',
    async (target) => {
      expect((await send(locally(link), { target, headers: { Host: 'evil.example' } })).status).toBe(421);
    },
  );

  it('is not when there is none, or two', async () => {
    const { pathname, search } = link;
    const ours = `Host: localhost:${stand.port()}\r\n`;
    expect(await exchange(`GET ${pathname}${search} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 421 /);
    expect(await exchange(`GET ${pathname}${search} HTTP/1.1\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 421 /,
    );
    expect(await exchange(`GET ${pathname}${search} HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 421 /,
    );
    const two = await exchange(
      `GET ${pathname}${search} HTTP/1.1\r\n${ours}Host: evil.example\r\nConnection: close\r\n\r\n`,
    );
    expect(two).toMatch(/^HTTP\/1\.1 4\d\d /);
    const absolute = await exchange(
      `GET http://evil.example${pathname}${search} HTTP/1.1\r\n${ours}Connection: close\r\n\r\n`,
    );
    expect(absolute).toMatch(/^HTTP\/1\.1 421 /);
  });

  it('is never taken from what a proxy claims', async () => {
    const claims = { 'X-Forwarded-Host': publicHost, 'X-Forwarded-Proto': 'https', Forwarded: `host=${publicHost}` };
    expect((await send(locally(link), { headers: { Host: 'evil.example', ...claims } })).status).toBe(421);
    const reply = await send(locally(link), { headers: claims });
    expect([reply.headers['set-cookie'] ?? []].flat()[0]).toMatch(/^av-/);
    const evil = { 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example' };
    expect((await publicly({ headers: evil })).body).not.toContain('evil.example');
  });
});

describe('through the tunnel', () => {
  it('the cookie is a __Host- one, and the origin is https', async () => {
    const { request, url } = await stand.ask();
    const visit = new Visit(locally(url), `https://${publicHost}`);
    const reply = await visit.open();
    const [cookie = ''] = [reply.headers['set-cookie'] ?? []].flat();
    const name = `__Host-av-${request.id}`;
    expect(cookie).toMatch(new RegExp(`^${name}=[\\w.-]+; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1500$`));
    const onHttp = { Origin: `http://${publicHost}` };
    expect((await visit.decide('approve', { headers: onHttp })).status).toBe(403);
    const onLocalhost = { Origin: `http://localhost:${stand.port()}` };
    expect((await visit.decide('approve', { headers: onLocalhost })).status).toBe(403);
    expect(request.state).toBe('pending');
    expect((await visit.decide('approve')).status).toBe(303);
    expect(request.state).toBe('approved');
  });

  it('a page on this machine does not pass as one of the tunnel', async () => {
    const { request, url } = await stand.ask();
    const visit = new Visit(locally(url));
    await visit.open();
    const headers = { Host: publicHost, Origin: `https://${publicHost}` };
    expect((await visit.decide('approve', { headers })).status).toBe(403);
    expect(request.state).toBe('pending');
  });
});

describe('the assets', () => {
  it('are exactly the files of the folder', async () => {
    const files = await readdir(new URL('../../views/assets/', import.meta.url));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) expect((await send(locally(link), { target: `/assets/${file}` })).status, file).toBe(200);
  });

  it.each([
    '/assets/',
    '/assets/../request.eta',
    '/assets/%2e%2e/request.eta',
    '/assets/..%2frequest.eta',
    '/views/request.eta',
  ])('%s is none of them', async (target) => {
    expect((await send(locally(link), { target })).status).toBe(404);
  });
});

describe('a failure of our own', () => {
  it('is shown with a reference and nothing else, and logged with it', async () => {
    const secretPath = '/home/somebody/agent-vault/src/broken.ts';
    const rooms = emptyRooms(systemClock);
    const view = (): never => {
      throw new Error(`broken in ${secretPath}`);
    };
    const desk: Desk = { ...rooms.desk, view };
    const said: string[] = [];
    const log = listeningLog(said);
    const doorway = openDoorway({
      ...rooms,
      desk,
      tunnel: null,
      port: 0,
      clock: systemClock,
      random: systemRandom,
      log,
    });
    const { url } = await doorway.link('x' as RequestId, Date.now() + 60_000);
    const reply = await send(new URL(url));
    await doorway.close();
    expect(reply.status).toBe(500);
    expect(reply.body).toContain('Something went wrong');
    expect(reply.body).not.toContain('broken');
    expect(reply.body).not.toMatch(/\.[jt]s:\d/);
    expect(reply.headers).toMatchObject(expectedHeaders);
    const [, reference] = /under ([\w-]{8})\./.exec(reply.body) ?? [];
    expect(said.at(-1)).toContain(`reference ${reference ?? 'missing'}`);
  });
});

/** What the server answers to these bytes, until it hangs up. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(stand.port(), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}
