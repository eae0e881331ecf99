import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGate } from '../../src/approvers/gate.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Change, Plan } from '../../src/pairing/change.ts';
import { planOf } from '../../src/pairing/change.ts';
import { openPairingPage } from '../../src/pairing/page.ts';
import type { PairingPage } from '../../src/pairing/page.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { Authenticator } from './authenticator.ts';
import { TestClock } from './clock.ts';

/** The pairing server between a tunnel's far end of the test's choice and a real list of approvers; the terminal is the test. */
export class PairingStand {
  readonly folder: string;
  readonly clock: TestClock;
  readonly roster: Roster;
  readonly page: PairingPage;
  /** Where the server listens. */
  readonly port: number;
  readonly said: string[];

  private constructor(parts: Omit<PairingStand, 'close' | 'enrol' | 'plan' | 'pair'>) {
    this.folder = parts.folder;
    this.clock = parts.clock;
    this.roster = parts.roster;
    this.page = parts.page;
    this.port = parts.port;
    this.said = parts.said;
  }

  static async open(origin: () => string | null): Promise<PairingStand> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-pairing-'));
    const clock = new TestClock();
    const roster = openRoster(folder, clock);
    const said: string[] = [];
    const say = (message: string): void => void said.push(message);
    let port = 0;
    const page = await openPairingPage({
      tunnel: {
        type: 'test',
        connect: async (to) => {
          port = to;
          return { origin, close: async () => undefined };
        },
      },
      port: 0,
      roster,
      openGate: (publicOrigin) =>
        openGate({ roster, publicOrigin, requiredFactor: () => 'link', clock, random: systemRandom }),
      clock,
      random: systemRandom,
      log: { say, warn: say, once: say },
    });
    return new PairingStand({ folder, clock, roster, page, port, said });
  }

  plan(change: Change): Plan {
    return planOf(change, { id: systemRandom.id(), at: this.clock.wall() });
  }

  /** Pairs a passkey without the page, with the consent of the first one. @param publicKey COSE, base64url */
  async pair(name: string, { credentialId, publicKey }: Authenticator = new Authenticator()): Promise<void> {
    const [first] = (await this.roster.read()).approvers;
    const by = first === undefined ? null : { approver: first, assertion: null };
    const { origin } = this.page;
    const passkey = {
      id: systemRandom.id(),
      name,
      factor: 'passkey',
      addedAt: '2026-01-02T03:04:05.000Z',
      fingerprint: '',
      credentialId,
      publicKey,
      counter: 0,
      transports: ['internal'],
      deviceType: 'singleDevice',
      backedUp: false,
      rpId: new URL(origin).hostname,
      origin,
    } as const;
    await this.roster.add(passkey, { by, before: async () => undefined });
  }

  async close(): Promise<void> {
    await this.page.close();
    await rm(this.folder, { recursive: true });
  }
}
