import { request as httpRequest } from 'node:http';
import type { AuditRow } from '../../src/core/audit-row.ts';
import { Approvals } from '../../src/core/approvals.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { LiveRequest, NewRequest } from '../../src/core/live-request.ts';
import type { AuditLog, Doorway, Link, Log, Tunnel } from '../../src/core/ports.ts';
import type { SessionId } from '../../src/core/request.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openDoorway } from '../../src/web/doorway.ts';

/** The system's clock, which a test can move. */
export interface MovableClock extends Clock {
  /** @param ms milliseconds, on both clocks */
  forward(ms: number): void;
}

/** What the log in memory is written to. */
export interface Disk {
  /** While true, every append fails. */
  full: boolean;
  /** Called before every append, while the request is still being decided. */
  onAppend: () => void;
}

export interface Stand {
  readonly doorway: Doorway;
  readonly approvals: Approvals;
  readonly clock: MovableClock;
  readonly rows: AuditRow[];
  readonly said: string[];
  readonly disk: Disk;
  /** Where the server listens, told by the tunnel's side of it; 0 before the first link. */
  port(): number;
  /** Opens a request and makes its link. */
  ask(asked?: Partial<NewRequest>): Promise<{ request: LiveRequest; link: Link; url: URL }>;
  close(): Promise<void>;
}

/** The approval server with the real life of requests behind it, and a log in memory. */
export function openStand(options: { tunnel?: Tunnel | null; port?: number; expiresInMs?: number } = {}): Stand {
  const { tunnel = null, port = 0, expiresInMs = 300_000 } = options;
  const clock = movableClock();
  const said: string[] = [];
  const rows: AuditRow[] = [];
  const disk: Disk = { full: false, onAppend: () => undefined };
  const log = listeningLog(said);
  const approvals = new Approvals({
    clock,
    random: systemRandom,
    audit: memoryAudit(rows, disk),
    log,
    expiresInMs,
    maxOpen: 1_000,
  });
  let listensOn = 0;
  const watched: Tunnel | null = tunnel && {
    type: tunnel.type,
    connect: (to) => tunnel.connect((listensOn = to)),
  };
  const doorway = openDoorway({ desk: approvals, tunnel: watched, port, clock, random: systemRandom, log });
  return {
    doorway,
    approvals,
    clock,
    rows,
    said,
    disk,
    port: () => listensOn,
    async ask(asked = {}) {
      const request = approvals.open({ ...someRequest, key: systemRandom.id(), ...asked });
      await request.ready;
      const link = await doorway.link(request.id, request.expiry.wall);
      return { request, link, url: new URL(link.url) };
    },
    async close() {
      await doorway.close();
      await approvals.close('test over');
    },
  };
}

/** The far end of a tunnel that is open, at an origin of the test's choice. */
export function tunnelAt(origin: () => string | null): Tunnel {
  return { type: 'test', connect: async () => ({ origin, close: async () => undefined }) };
}

const sessionId = systemRandom.id() as SessionId;

export const someRequest: NewRequest = {
  key: 'some',
  session: { id: sessionId, agent: 'claude-code 2.1.4', folder: '~/code/shop', pid: 4711 },
  operation: 'read',
  tool: 'get_secret',
  vault: 'dev',
  vaultType: '1password',
  policy: { ttlMs: 15 * 60_000, scope: 'secret', writable: true },
  names: [{ id: 'v1/i1', name: 'STRIPE_TEST_KEY', group: 'v1', groupTitle: 'Development' }],
  reason: 'Run the checkout tests against Stripe’s sandbox.',
};

export const someWrite: Partial<NewRequest> = {
  operation: 'write',
  tool: 'set_secrets',
  vault: 'local',
  vaultType: 'env',
  names: [
    { id: 'DATABASE_URL', name: 'DATABASE_URL', effect: 'replace', preview: 'pos••••••dev (48 characters)' },
    { id: 'SESSION_SECRET', name: 'SESSION_SECRET', effect: 'create', preview: '•••••• (12 characters)' },
  ],
  reason: 'The new database runs in Docker; the app needs its address.\nI made a fresh session secret as well.',
};

export function listeningLog(said: string[]): Log {
  const once = (message: string): void => {
    if (!said.includes(message)) said.push(message);
  };
  const say = (message: string): void => void said.push(message);
  return { say, warn: say, once };
}

function movableClock(): MovableClock {
  let moved = 0;
  return {
    wall: () => systemClock.wall() + moved,
    monotonic: () => systemClock.monotonic() + moved,
    after: (ms, then) => systemClock.after(ms, then),
    forward: (ms) => void (moved += ms),
  };
}

function memoryAudit(rows: AuditRow[], disk: Disk): AuditLog {
  return {
    async append(added) {
      disk.onAppend();
      if (disk.full) throw new Error('disk full');
      rows.push(...added);
      return added.map((row, at) => ({ ...row, seq: rows.length + at, hash: '' }));
    },
    close: async () => undefined,
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
  /** The raw request target, if it is not the address's own. */
  readonly target?: string;
}

/** One HTTP request on a connection of its own, with exactly these headers: `fetch` would not let a test choose its Host. */
export function send(url: URL, { method = 'GET', headers = {}, body = '', target }: Sent = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: url.port,
      path: target ?? url.pathname + url.search,
      method,
      agent: false,
    };
    const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const request = httpRequest({ ...options, headers: { Host: url.host, ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A browser as far as these pages need one: it keeps the cookie, and sends the form as the page has it. */
export class Visit {
  readonly url: URL;
  cookie: string | null = null;
  csrf = '';

  constructor(url: URL) {
    this.url = url;
  }

  async open(): Promise<Reply> {
    const reply = await send(this.url, { headers: this.cookie === null ? {} : { Cookie: this.cookie } });
    const [set] = [reply.headers['set-cookie'] ?? []].flat();
    this.cookie = set?.split(';')[0] ?? this.cookie;
    this.csrf = /name="csrf" value="([^"]+)"/.exec(reply.body)?.[1] ?? this.csrf;
    return reply;
  }

  /** @param changed headers or body that differ from what a browser sends; an empty string takes a header away */
  decide(decision: 'approve' | 'deny', changed: Sent = {}): Promise<Reply> {
    const usual: Record<string, string | string[]> = {
      Origin: this.url.origin,
      'Sec-Fetch-Site': 'same-origin',
      'Content-Type': 'application/x-www-form-urlencoded',
      Cookie: this.cookie ?? '',
      ...changed.headers,
    };
    const headers = Object.fromEntries(Object.entries(usual).filter(([, value]) => value !== ''));
    const body = new URLSearchParams({ csrf: this.csrf, decision }).toString();
    return send(this.url, { method: 'POST', body, ...changed, headers });
  }
}
