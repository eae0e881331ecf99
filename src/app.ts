import { openGate } from './approvers/gate.ts';
import { openRoster } from './approvers/roster.ts';
import { watchRoster } from './approvers/watch.ts';
import type { Config } from './config/config.ts';
import { Approvals } from './core/approvals.ts';
import { createBoard } from './core/board.ts';
import { Broker } from './core/broker.ts';
import type { Clock } from './core/clock.ts';
import { atMost } from './core/clock.ts';
import { closeWindows } from './core/closing.ts';
import type { Policies } from './core/policies.ts';
import type { Log, Random } from './core/ports.ts';
import { Signal } from './core/signal.ts';
import { Vaults } from './core/vaults.ts';
import type { Window } from './core/windows.ts';
import { Windows } from './core/windows.ts';
import type { Witness } from './core/witness.ts';
import { openVaults } from './config/open-vaults.ts';
import { systemClock } from './platform/clock.ts';
import { systemRandom } from './platform/random.ts';
import { isOvertaken, stateDirectory } from './platform/state.ts';
import { openRecord } from './record.ts';
import type { InForce } from './trust/trust.ts';
import { openTrust } from './trust/trust.ts';
import { openDoorway } from './web/doorway.ts';

export { readAudit } from './audit/read.ts';

export interface App {
  readonly broker: Broker;
  readonly random: Random;
  /**
   * Withdraws what is open, lets `answers` go out, closes the pages, the tunnel and the database, and sends what it can of the last
   * events. At most 3.6 seconds and what `answers` takes; 1.6 where no event waits.
   */
  close(cause: string, answers: () => Promise<void>): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  /** Loads the config anew, from the same place and with the same copy of the environment. */
  readonly reload: () => Promise<Config>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What is left then stays in the database, for the next process. */
const flushMs = 2_000;

/** Joins the parts. Opens no port, tunnel or database: what needs them does. Rejects where the state folder cannot be used. */
export async function openApp(options: AppOptions): Promise<App> {
  const { config, reload, log, clock = systemClock, random = systemRandom } = options;
  const stateFolder = stateDirectory({ log });
  const ports = { clock, random, log };
  const changed = new Signal();
  const windows = new Windows(clock, changed);
  const trust = await openTrust({ config, reload, stateFolder, clock, log, onChange: (change) => onPolicy(change) });
  const inForce = (): InForce => trust.inForce();
  const { audit, webhooks } = openRecord({ inForce, stateFolder, clock, random, log });
  const close = async (fits: (window: Window) => boolean, cause: string): Promise<void> => {
    await closeWindows(fits, { windows, audit, clock, log, cause });
  };
  const providers = openVaults(ports);
  const vaults = new Vaults(await providers.of(inForce().vaults), clock);
  const roster = openRoster(stateFolder, clock, () => isOvertaken(stateFolder));
  const watch = await watchRoster({ roster, log, onChange: () => close(() => true, 'who may approve has changed') });
  const policies: Policies = {
    look: async () => {
      await Promise.all([trust.look(), watch.look()]);
      await switching;
    },
    version: () => trust.version(),
    proposal: () => trust.proposal(),
    policyOf: (vault, withProposal) => trust.policyOf(vault, withProposal),
    accept: async (digest, by) => {
      const accepted = await trust.accept(digest, by);
      await switching;
      return accepted;
    },
  };
  let switching: Promise<void> = Promise.resolve();
  const onPolicy = ({ vaults: names }: { readonly vaults: ReadonlySet<string> }): void => {
    switching = switching.then(async () => {
      vaults.replace(await providers.of(inForce().vaults));
      await close(({ vault }) => names.has(vault), 'the policy of the vault has changed');
      await webhooks.changed();
    });
    changed.tell();
  };
  const limits = (): Config['approval'] => inForce().approval;
  const approvals = new Approvals({ clock, random, audit, log, windows, policies, limits, changed });
  const doorway = openDoorway({
    desk: approvals,
    board: createBoard({ approvals, windows, audit, clock, log, changed }),
    openGate: (reach) => openGate({ roster, ...reach, requiredFactor: () => trust.requiredFactor(), clock, random }),
    tunnel: inForce().tunnel?.open(ports) ?? null,
    port: inForce().port,
    clock,
    random,
    log,
  });
  const witness: Witness = {
    confirm: async (rows) => !inForce().lacksWitness && webhooks.confirm(rows),
  };
  const broker = new Broker({ vaults, approvals, policies, windows, audit, doorway, clock, random, log, witness });
  webhooks.start();
  const within = (ms: number, ...work: Promise<unknown>[]): Promise<unknown> =>
    atMost(clock, ms, Promise.allSettled(work));
  return {
    broker,
    random,
    async close(cause, answers) {
      const withdrawn = approvals.close(cause);
      await answers();
      vaults.stop();
      await within(900, withdrawn);
      await within(500, doorway.close(), vaults.close());
      await within(150, audit.close());
      await webhooks.close(flushMs);
    },
  };
}
