import { auditFile } from './audit/file.ts';
import { openAudit } from './audit/log.ts';
import type { Config, PluginPorts, VaultConfig } from './config/config.ts';
import { Approvals } from './core/approvals.ts';
import { Broker } from './core/broker.ts';
import type { Clock } from './core/clock.ts';
import { atMost } from './core/clock.ts';
import { asVaultError } from './core/errors.ts';
import type { Log, Random, Vault } from './core/ports.ts';
import { Vaults } from './core/vaults.ts';
import { Windows } from './core/windows.ts';
import { systemClock } from './platform/clock.ts';
import { systemRandom } from './platform/random.ts';
import { openDoorway } from './web/doorway.ts';
import { createWebhooks } from './webhooks/deliver.ts';

export { readAudit } from './audit/read.ts';

export interface App {
  readonly broker: Broker;
  readonly random: Random;
  /**
   * Withdraws what is open, lets `answers` go out, closes the pages and the tunnel, sends the last events, closes the database.
   * At most 1.6 seconds and what `answers` takes.
   */
  close(cause: string, answers: () => Promise<void>): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Joins the parts. Opens no port, tunnel or database: what needs them does. */
export async function openApp({ config, log, clock = systemClock, random = systemRandom }: AppOptions): Promise<App> {
  const ports: PluginPorts = { clock, random, log };
  const webhooks = createWebhooks({ endpoints: config.webhooks, log, clock });
  const file = auditFile({ configured: config.auditFile, cwd: process.cwd(), log });
  const audit = openAudit({ file, clock, log, onCommitted: (rows) => webhooks.committed(rows) });
  const approvals = new Approvals({ clock, random, audit, log, ...config.approval });
  const doorway = openDoorway({
    desk: approvals,
    tunnel: config.tunnel?.open(ports) ?? null,
    port: config.port,
    clock,
    random,
    log,
  });
  const opened = await Promise.all(config.vaults.map((vault) => openVault(vault, ports)));
  const vaults = new Vaults(opened, clock);
  const broker = new Broker({ vaults, approvals, windows: new Windows(clock), audit, doorway, clock, random, log });
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
      await within(500, doorway.close(), webhooks.flush(450), vaults.close());
      await within(150, audit.close());
    },
  };
}

async function openVault(config: VaultConfig, ports: PluginPorts): Promise<Vault> {
  const { name, type, policy } = config;
  if ('unavailable' in config) return { name, type, policy, provider: config.unavailable };
  try {
    return { name, type, policy, provider: await config.open(ports) };
  } catch (thrown) {
    return {
      name,
      type,
      policy,
      provider: asVaultError(thrown, 'vault_unavailable', `vault "${name}" cannot be opened`),
    };
  }
}
