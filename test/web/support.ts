import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGate } from '../../src/approvers/gate.ts';
import type { PairedApprover } from '../../src/approvers/records.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { AuditRow, DecisionRecord } from '../../src/core/audit-row.ts';
import { Approvals } from '../../src/core/approvals.ts';
import { createBoard } from '../../src/core/board.ts';
import { plainChoice } from '../../src/core/choice.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { LiveRequest, NewRequest } from '../../src/core/live-request.ts';
import type { AuditLog, Doorway, Link, Log, RequestView, Tunnel } from '../../src/core/ports.ts';
import type { Approver, RequestId, SessionId } from '../../src/core/request.ts';
import { requestId } from '../../src/core/request.ts';
import { Signal } from '../../src/core/signal.ts';
import { Windows } from '../../src/core/windows.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { DoorwayOptions } from '../../src/web/doorway.ts';
import { openDoorway } from '../../src/web/doorway.ts';
import { MemoryPolicies } from '../support/policies.ts';

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
  readonly windows: Windows;
  readonly policies: MemoryPolicies;
  readonly roster: Roster;
  readonly clock: MovableClock;
  readonly rows: AuditRow[];
  readonly decisions: DecisionRecord[];
  readonly said: string[];
  readonly disk: Disk;
  /** Where the server listens, told by the tunnel's side of it; 0 before the first link. */
  port(): number;
  /** Opens a request and makes its link. Its policy, or else the usual one, holds from now on. */
  ask(asked?: Partial<NewRequest>): Promise<{ request: LiveRequest; link: Link; url: URL }>;
  /** Decides as somebody elsewhere would, without a page. */
  decide(id: RequestId, approve: boolean): Promise<unknown>;
  /** Pairs an approver, with the consent of the first one. */
  pair(approver: PairedApprover): Promise<void>;
  close(): Promise<void>;
}

export interface StandOptions {
  readonly tunnel?: Tunnel | null;
  readonly port?: number;
  readonly expiresInMs?: number;
  readonly cooldownMs?: number;
}

/** The approval server with the real life of requests and real approvers behind it, and a log in memory. */
export function openStand(options: StandOptions = {}): Stand {
  const { tunnel = null, port = 0, expiresInMs = 300_000, cooldownMs = 0 } = options;
  const clock = movableClock();
  const random = systemRandom;
  const said: string[] = [];
  const rows: AuditRow[] = [];
  const decisions: DecisionRecord[] = [];
  const disk: Disk = { full: false, onAppend: () => undefined };
  const log = listeningLog(said);
  const audit = memoryAudit(rows, decisions, disk);
  const changed = new Signal();
  const windows = new Windows(clock, changed);
  const policies = new MemoryPolicies(someRequest.policy);
  const limits = () => ({ expiresInMs, maxOpen: 1_000, cooldownMs, maxPerHour: 100_000 });
  const approvals = new Approvals({ clock, random, audit, log, windows, policies, limits, changed });
  const folder = mkdtempSync(join(tmpdir(), 'agent-vault-stand-'));
  const roster = openRoster(folder, clock);
  let listensOn = 0;
  const watched: Tunnel | null = tunnel && {
    type: tunnel.type,
    connect: (to) => tunnel.connect((listensOn = to)),
  };
  const doorway = openDoorway({
    desk: approvals,
    board: createBoard({ approvals, windows, audit, clock, log, changed }),
    openGate: gateFor(roster, clock),
    tunnel: watched,
    port,
    clock,
    random,
    log,
  });
  return {
    doorway,
    approvals,
    windows,
    policies,
    roster,
    clock,
    rows,
    decisions,
    said,
    disk,
    port: () => listensOn,
    async ask(asked = {}) {
      policies.policy = asked.policy ?? someRequest.policy;
      const request = approvals.open({ ...someRequest, key: random.id(), ...asked });
      await request.ready;
      const link = await doorway.link(request.id, request.expiry.wall);
      return { request, link, url: new URL(link.url) };
    },
    async decide(id, approve) {
      const draft = await approvals.draft(id, plainChoice(approve));
      if (typeof draft === 'string') throw new Error(draft);
      return approvals.decide(draft, { approver: { name: 'x', factor: 'link' }, assertion: null });
    },
    async pair(approver) {
      const [first] = (await roster.read()).approvers;
      const by = first === undefined ? null : { approver: first, assertion: null };
      await roster.add(approver, { by, before: async () => undefined });
    },
    async close() {
      await doorway.close();
      await approvals.close('test over');
      await rm(folder, { recursive: true });
    },
  };
}

/** What a doorway needs where no request is looked at and nobody was ever paired. */
export function emptyRooms(clock: Clock): Pick<DoorwayOptions, 'desk' | 'board' | 'openGate'> {
  return {
    desk: {
      view: () => null,
      draft: async () => 'unknown',
      decide: async () => 'unknown',
      end: () => undefined,
      lift: async () => false,
    },
    board: {
      view: () => ({ requests: [], windows: [], recent: [] }),
      endWindows: async () => 0,
      onChange: () => () => undefined,
    },
    openGate: gateFor(openRoster(join(tmpdir(), 'agent-vault-no-such-folder'), clock), clock),
  };
}

/** The real gate over a roster. */
export function gateFor(
  roster: Roster,
  clock: Clock,
  requiredFactor: Approver['factor'] = 'link',
): DoorwayOptions['openGate'] {
  return (reach) => openGate({ roster, ...reach, requiredFactor: () => requiredFactor, clock, random: systemRandom });
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
  policy: { ttlMs: 15 * 60_000, scope: 'secret', writable: true, confirm: 'tap' },
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

/** A waiting request as the pages see it. */
export function someView(changed: Partial<RequestView> = {}): RequestView {
  const { session, vault, vaultType, names, reason, operation } = someRequest;
  return {
    id: requestId('some-request'),
    state: 'pending',
    operation,
    vault,
    vaultType,
    names,
    reason,
    session,
    windowMs: 900_000,
    scope: 'secret',
    openedAt: 0,
    expiresAt: 300_000,
    remainingMs: 240_000,
    needsCode: false,
    proposal: null,
    others: [],
    coolingMs: 0,
    ...changed,
  };
}

/** @param but what a test does not listen for */
export function listeningLog(said: string[], but = /^$/u): Log {
  const once = (message: string): void => {
    if (!said.includes(message) && !but.test(message)) said.push(message);
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

function memoryAudit(rows: AuditRow[], decisions: DecisionRecord[], disk: Disk): AuditLog {
  return {
    async append(added, decision) {
      disk.onAppend();
      if (disk.full) throw new Error('disk full');
      rows.push(...added);
      if (decision !== undefined) decisions.push(decision);
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
  readonly #origin: URL;
  cookie: string | null = null;
  csrf = '';
  /** What an untouched page would send along with an approval. */
  fields: [string, string][] = [];

  /** @param url where the server listens @param origin where the browser believes to be, if it comes through a tunnel */
  constructor(url: URL, origin: string = url.origin) {
    this.url = url;
    this.#origin = new URL(origin);
  }

  async open(): Promise<Reply> {
    const cookie = this.cookie === null ? {} : { Cookie: this.cookie };
    const reply = await send(this.url, { headers: { Host: this.#origin.host, ...cookie } });
    const [set] = [reply.headers['set-cookie'] ?? []].flat();
    this.cookie = set?.split(';')[0] ?? this.cookie;
    this.csrf = /name="csrf" value="([^"]+)"/.exec(reply.body)?.[1] ?? this.csrf;
    this.fields = [
      ...reply.body.matchAll(/<input[^>]* name="(\w+)" value="([^"]*)" form="approve"[^>]* checked>/g),
    ].map(([, name = '', value = '']) => [name, value]);
    return reply;
  }

  /** @param changed headers or body that differ from what a browser sends; an empty string takes a header away */
  decide(decision: 'approve' | 'deny', changed: Sent = {}): Promise<Reply> {
    const chosen = decision === 'approve' ? this.fields : [];
    return this.post([['decision', decision], ...chosen], changed);
  }

  /** Approves with other fields than those that are ticked. `null` takes one away. */
  approveWith(fields: Record<string, string | readonly string[] | null>, changed: Sent = {}): Promise<Reply> {
    const kept = this.fields.filter(([name]) => !(name in fields));
    const set = Object.entries(fields).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    return this.post([['decision', 'approve'], ...kept, ...set], changed);
  }

  /** Posts a form to the page, or to an address below it. */
  post(fields: readonly (readonly [string, string])[], changed: Sent = {}, step = ''): Promise<Reply> {
    const usual: Record<string, string | string[]> = {
      Host: this.#origin.host,
      Origin: this.#origin.origin,
      'Sec-Fetch-Site': 'same-origin',
      'Content-Type': 'application/x-www-form-urlencoded',
      Cookie: this.cookie ?? '',
      ...changed.headers,
    };
    const headers = Object.fromEntries(Object.entries(usual).filter(([, value]) => value !== ''));
    const body = new URLSearchParams(
      [['csrf', this.csrf] as const, ...fields].map(([name, value]): [string, string] => [name, value]),
    ).toString();
    const target = this.url.pathname + step + this.url.search;
    return send(this.url, { method: 'POST', body, target, ...changed, headers });
  }
}
