import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOTP, Secret as Key } from 'otpauth';
import { openGate } from '../../src/approvers/gate.ts';
import type { PairedApp, PairedApprover } from '../../src/approvers/records.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { NewRequest } from '../../src/core/live-request.ts';
import type { Approver } from '../../src/core/request.ts';
import { requestId, sessionId } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { House } from '../../src/web/house.ts';
import { openHouse } from '../../src/web/house.ts';
import { World } from './world.ts';

const minute = 60_000;

/** The approval server with real approvers, requests and windows. Time stands still until the test moves it. */
export class HomeStand {
  readonly world: World;
  readonly roster: Roster;
  readonly folder: string;
  /** The tunnel's; null without one. */
  origin: string | null = null;
  /** The weakest factor that the user's own limits let count. */
  required: Approver['factor'] = 'link';
  #house: House | null = null;

  static async open(): Promise<HomeStand> {
    const stand = new HomeStand(await mkdtemp(join(tmpdir(), 'agent-vault-home-')));
    await stand.#openHouse();
    return stand;
  }

  private constructor(folder: string) {
    this.world = new World({ ttlMs: 15 * minute });
    this.folder = folder;
    this.roster = openRoster(folder, this.world.clock);
  }

  get port(): number {
    return this.#house?.port ?? 0;
  }

  /** What the gate says of this machine's own address. */
  async ways() {
    if (this.#house === null) throw new Error('closed');
    return this.#house.gate.ways(this.url.origin);
  }

  get url(): URL {
    return new URL(`http://localhost:${this.port}/`);
  }

  /** Pairs an authenticator app; `code` tells what the first one shows. */
  async pairApp(name = 'Anna’s phone', secret = firstSecret): Promise<PairedApprover> {
    const app: PairedApp = {
      id: systemRandom.id(),
      name,
      factor: 'totp',
      addedAt: '2026-01-02T03:04:05.000Z',
      fingerprint: secret,
      secret: new Secret(secret),
      lastStep: 0,
      failures: 0,
      blockedUntil: null,
    };
    await this.add(app);
    return app;
  }

  /** Pairs a passkey that counts at the tunnel's origin. @param publicKey COSE, base64url */
  async pairPasskey({ credentialId, publicKey }: { credentialId: string; publicKey: string }): Promise<void> {
    const origin = this.origin ?? '';
    await this.add({
      id: systemRandom.id(),
      name: 'Anna’s key',
      factor: 'passkey',
      addedAt: '2026-01-02T03:04:05.000Z',
      fingerprint: publicKey,
      credentialId,
      publicKey,
      counter: 0,
      transports: ['internal'],
      deviceType: 'singleDevice',
      backedUp: false,
      rpId: new URL(origin).hostname,
      origin,
    });
  }

  async add(approver: PairedApprover): Promise<void> {
    const [first] = (await this.roster.read()).approvers;
    const by = first === undefined ? null : { approver: first, assertion: null };
    await this.roster.add(approver, { by, before: async () => undefined });
  }

  /** What the app shows `later` steps of 30 seconds from now. */
  code(later = 0): string {
    const counter = Math.floor(this.world.clock.wall() / 30_000) + later;
    return HOTP.generate({ secret: Key.fromBase32(firstSecret), counter, digits: 6 });
  }

  /** An agent asks; returns the request's id. */
  async ask(asked: Partial<NewRequest> = {}) {
    const { approvals, session } = this.world;
    const request = approvals.open({
      key: systemRandom.id(),
      session: { ...session, agent: 'claude-code 2.1.4', folder: '~/code/shop', pid: 4711 },
      operation: 'read',
      tool: 'get_secret',
      vault: 'dev',
      vaultType: '1password',
      policy: this.world.policies.policy,
      names: [{ id: 'v1/i1', name: 'STRIPE_TEST_KEY' }],
      reason: 'Run the checkout tests.',
      ...asked,
    });
    await request.ready;
    return request;
  }

  /** Opens windows without a request, as approvals of earlier would have. */
  openWindows(count: number, ms = 10 * minute, approver: Approver = { name: 'Anna’s phone', factor: 'totp' }): void {
    const { windows, clock, session } = this.world;
    for (let at = 0; at < count; at += 1) {
      const name = `SECRET_${at}`;
      windows.open({
        session: { ...session, id: sessionId(`s${at % 50}`), agent: 'codex 0.9' },
        vault: 'dev',
        entry: { id: name, name },
        until: { wall: clock.wall() + ms + at, monotonic: clock.monotonic() + ms + at },
        request: requestId(`request-${at}`),
        approver,
      });
    }
  }

  async closeHouse(): Promise<void> {
    await this.#house?.close();
    this.#house = null;
  }

  async close(): Promise<void> {
    await this.closeHouse();
    await this.world.approvals.close('test over');
    await rm(this.folder, { recursive: true });
  }

  async #openHouse(): Promise<void> {
    const { approvals: desk, clock, log } = this.world;
    const { roster } = this;
    const random = systemRandom;
    this.#house = await openHouse({
      desk,
      board: this.world.board(),
      openGate: (reach) => openGate({ roster, ...reach, requiredFactor: () => this.required, clock, random }),
      port: 0,
      clock,
      random,
      log,
      reach: { publicOrigin: () => this.origin, outage: () => null },
    });
  }
}

const firstSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
