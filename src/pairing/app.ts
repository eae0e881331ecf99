import type { AppPairing } from '../approvers/app-pairing.ts';
import { openAppPairing } from '../approvers/app-pairing.ts';
import type { Proved, Unproved, Ways } from '../approvers/define.ts';
import { openGate } from '../approvers/gate.ts';
import type { Approvers, PairedApprover } from '../approvers/records.ts';
import { isName, sameName } from '../approvers/records.ts';
import { openRoster } from '../approvers/roster.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { atMost } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Log, Random } from '../core/ports.ts';
import type { Proposal } from '../core/policies.ts';
import type { Proof } from '../core/request.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { stateDirectory } from '../platform/state.ts';
import { openRecord } from '../record.ts';
import { openTrust } from '../trust/trust.ts';
import type { Change, Plan } from './change.ts';
import { changeRow, planOf, recordOf, resetRow } from './change.ts';
import { openPairingPage } from './page.ts';
import type { PairingPage } from './page.ts';

export type { AppPairing } from '../approvers/app-pairing.ts';
export type { Approvers, PairedApprover } from '../approvers/records.ts';
export type { Change, Plan } from './change.ts';
export type { PairingPage, PhoneTask } from './page.ts';

/** What the command `pair` can do. Every change is in the audit log before it takes effect. */
export interface PairingApp {
  approvers(): Promise<Approvers>;
  /** The name that a new approver gets. Throws `input_invalid` if the wanted one is unfit or taken. */
  nameFor(wanted: string | undefined, otherwise: string): Promise<string>;
  /** What nobody has approved yet of the tunnel, in words: the person says yes before it is used. Empty: nothing. */
  readonly doubts: readonly string[];
  /** What the person should know about the address before pairing a passkey. */
  addressNote(page: PairingPage): string | null;
  /** What the person should know before pairing an authenticator app. */
  readonly appNote: string | null;
  /** Makes the page reachable, doubts or not. Rejects with `tunnel_unavailable`. */
  openPage(): Promise<PairingPage>;
  planOf(change: Change): Plan;
  /** How the paired approvers can allow a change; null where nobody has to. @param page null if none is open */
  waysToAllow(page: PairingPage | null): Promise<Ways | null>;
  allowByCode(plan: Plan, code: string): Promise<Proved | Unproved>;
  enrolApp(name: string, by: Proof | null): Promise<AppPairing>;
  /** The place of the audit row, for an enrolment's `confirm`. */
  record(plan: Plan, by: Proof | null): (approver: PairedApprover) => Promise<void>;
  remove(plan: Plan, approver: PairedApprover, by: Proof | null): Promise<void>;
  reset(): Promise<void>;
  /** Takes the page down, sends the last events and closes the log. */
  close(): Promise<void>;
}

export interface PairingOptions {
  readonly config: Config;
  readonly reload: () => Promise<Config>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Milliseconds for taking the page down, and for what is left to send. */
const [closeMs, flushMs] = [1_500, 3_000];

/** Who may approve. Rejects with `config_invalid` if that cannot be read. */
export function readApprovers(log: Log): Promise<Approvers> {
  return openRoster(stateDirectory({ log }), systemClock).read();
}

/** Joins the parts. Opens no port, tunnel or database: what needs them does. */
export async function openPairingApp(options: PairingOptions): Promise<PairingApp> {
  const { config, reload, log, clock = systemClock, random = systemRandom } = options;
  const stateFolder = stateDirectory({ log });
  const roster = openRoster(stateFolder, clock);
  const trust = await openTrust({ config, reload, stateFolder, clock, log, onChange: () => undefined });
  const { port } = trust.inForce();
  const { audit, webhooks } = openRecord({ inForce: () => trust.inForce(), stateFolder, clock, random, log });
  const requiredFactor = () => trust.requiredFactor();
  const gateAt = (publicOrigin: () => string | null) =>
    openGate({ roster, publicOrigin, requiredFactor, clock, random });
  const doubts = doubtsOf(trust.proposal());
  const tunnel = doubts.length > 0 ? config.tunnel : trust.inForce().tunnel;
  let opening: Promise<PairingPage> | null = null;
  let page: PairingPage | null = null;
  const gate = gateAt(() => page?.origin ?? null);

  const record = (plan: Plan, by: Proof | null) => async (approver: PairedApprover) => {
    const done = { ...plan, by, at: clock.wall() };
    await audit.append([changeRow(approver, done)], recordOf(done));
  };

  return {
    approvers: () => roster.read(),
    nameFor: async (wanted, otherwise) => nameAmong((await roster.read()).approvers, wanted, otherwise),
    doubts,
    addressNote: ({ origin }) => (isPinned(config) ? null : unpinned(new URL(origin).host)),
    appNote: trust.requiredFactor() === 'passkey' ? uselessApp : null,
    async openPage() {
      if (tunnel === null || tunnel.type === 'none') throw noTunnel();
      opening = openPairingPage({
        tunnel: tunnel.open({ clock, random, log }),
        port,
        roster,
        openGate: gateAt,
        clock,
        random,
        log,
      });
      page = await opening;
      return page;
    },
    planOf: (change) => planOf(change, { id: random.id(), at: clock.wall() }),
    waysToAllow: async (open) => {
      const { approvers } = await roster.read();
      return approvers.length === 0 ? null : gate.ways(open?.origin ?? '');
    },
    allowByCode: (plan, code) =>
      gate.byCode({ purpose: 'approvers', about: plan.id, origin: page?.origin ?? '' }, code),
    enrolApp: (name, by) => openAppPairing({ roster, clock, random, name, by }),
    record,
    async remove(plan, approver, by) {
      await roster.remove(approver.id, { by, before: () => record(plan, by)(approver) });
    },
    async reset() {
      const { approvers } = await roster.read();
      await roster.reset(async () => {
        await audit.append([resetRow(approvers, clock.wall())]);
      });
    },
    async close() {
      // Also one that is still being opened.
      await atMost(clock, closeMs, opening?.then((open) => open.close()) ?? Promise.resolve());
      await audit.close();
      await webhooks.close(flushMs);
    },
  };
}

/** In words, what stands in the config about the tunnel and nobody has approved. */
function doubtsOf(proposal: Proposal | null): readonly string[] {
  const lines = proposal?.lines ?? [];
  return lines.filter(({ subject, isWide }) => subject === 'tunnel' && isWide).map(({ says }) => says);
}

/** Whether the address of an ngrok tunnel is the config's choice. */
function isPinned({ policy }: Config): boolean {
  const { type, domain } = policy(() => '').tunnel;
  return type !== 'ngrok' || domain !== null;
}

const uselessApp = 'your limits.json asks for a passkey, so the codes of an app will not count.';

function unpinned(host: string): string {
  return `no ngrokDomain is set. ngrok gives a free account one address that stays the same; should yours ever be another than ${host}, this passkey counts no more. To be sure, add "ngrokDomain": "${host}" to the config.`;
}

function nameAmong(approvers: readonly PairedApprover[], wanted: string | undefined, otherwise: string): string {
  const isTaken = (name: string): boolean => approvers.some((each) => sameName(each.name, name));
  if (wanted === undefined) return numbered(otherwise, isTaken);
  if (!isName(wanted)) throw new VaultError('input_invalid', '--name must be 1 to 60 visible characters on one line');
  if (!isTaken(wanted)) return wanted;
  throw new VaultError('input_invalid', 'another approver has this name', { hint: 'choose another with --name' });
}

/** "phone", "phone 2", and so on. */
function numbered(name: string, isTaken: (name: string) => boolean): string {
  let candidate = name;
  for (let next = 2; isTaken(candidate); next += 1) candidate = `${name} ${next}`;
  return candidate;
}

function noTunnel(): VaultError {
  return new VaultError(
    'tunnel_unavailable',
    'a passkey needs an address that the phone can open, and there is no tunnel',
    {
      hint: 'set ngrokAuthToken in the config, or NGROK_AUTHTOKEN in the environment (free at ngrok.com); or: agent-vault pair --totp',
    },
  );
}
