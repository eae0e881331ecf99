import { openRoster } from '../approvers/roster.ts';
import type { Approvers } from '../approvers/records.ts';
import { auditFile } from '../audit/file.ts';
import type { Config, PluginPorts } from '../config/config.ts';
import type { Where } from '../config/find.ts';
import { loadConfig } from '../config/load.ts';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../platform/clock.ts';
import { scrubEnvironment } from '../platform/hardening.ts';
import { packageVersion } from '../platform/package.ts';
import { posture } from '../platform/posture.ts';
import { systemRandom } from '../platform/random.ts';
import { statePlace } from '../platform/state.ts';
import { loadLimits } from '../trust/limits.ts';
import type { Limits } from '../trust/limits.ts';
import { checkApprovers } from './approvers.ts';
import { checkDatabase } from './database.ts';
import { failure } from './failure.ts';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';
import { checkLimits } from './limits.ts';
import { checkPort } from './port.ts';
import { checkPosture, isApart } from './posture.ts';
import { checkState } from './state.ts';
import type { Tier } from './tier.ts';
import { tierOf } from './tier.ts';
import { checkStanding, mayOpenTunnel, standingOf } from './trust.ts';
import type { Standing } from './trust.ts';
import { checkPinnedHosts, checkTunnel } from './tunnel.ts';
import type { TunnelCheck } from './tunnel.ts';
import { checkVaults } from './vaults.ts';
import { checkWebhooks } from './webhooks.ts';

export type { Finding, Level } from './finding.ts';
export type { Tier } from './tier.ts';

export interface Report {
  readonly findings: readonly Finding[];
  readonly tier: Tier;
}

/** Looks at the whole set-up and changes nothing of it; the tunnel is open for a moment. Takes tokens out of the environment. */
export async function inspect(where: Where): Promise<Report> {
  const findings: Finding[] = [ok('node', `Node ${process.versions.node}, agent-vault ${packageVersion()}`)];
  const log = hearing(findings);
  const { folder } = statePlace({ env: where.env, log });
  findings.push(checkState(folder));
  const { approvers, limits } = await ownFiles(folder, findings);
  const config = await configOf(where, findings);
  findings.push(...checkLimits(limits ?? {}, config));
  const origin = config === null ? null : await ofConfig(config, { folder, findings, log, cwd: where.cwd });
  if (approvers !== null) findings.push(...checkApprovers(approvers), ...checkPinnedHosts(approvers, origin));
  const seen = await posture({ stateFolder: folder, configFile: config?.file ?? null, env: where.env });
  findings.push(...checkPosture(seen));
  // Limits that cannot be read let nothing through.
  const required = limits === null ? 'passkey' : (limits.factor ?? 'link');
  return { findings, tier: tierOf({ approvers, required, isApart: isApart(seen) }) };
}

interface OwnFiles {
  /** Null: cannot be read. */
  readonly approvers: Approvers | null;
  readonly limits: Limits | null;
}

async function ownFiles(folder: string, findings: Finding[]): Promise<OwnFiles> {
  const or = <Value>(check: string, read: Promise<Value>): Promise<Value | null> =>
    read.catch((thrown: unknown) => {
      findings.push(failure(check, thrown, 'cannot be read'));
      return null;
    });
  return {
    approvers: await or('approvers', openRoster(folder, systemClock).read()),
    limits: await or('limits', loadLimits(folder)),
  };
}

async function configOf(where: Where, findings: Finding[]): Promise<Config | null> {
  try {
    const config = await loadConfig(where);
    scrubEnvironment(config.tokens);
    findings.push(...config.notices.map((notice) => note('config', notice)));
    return config;
  } catch (thrown) {
    findings.push(failure('config', thrown, 'cannot be read'));
    return null;
  }
}

interface Around {
  readonly folder: string;
  readonly cwd: string;
  readonly findings: Finding[];
  readonly log: Log;
}

/** Returns the tunnel's origin, if it opened. */
async function ofConfig(config: Config, { folder, cwd, findings, log }: Around): Promise<string | null> {
  const ports: PluginPorts = { clock: systemClock, random: systemRandom, log };
  const standing = await standingOrNot(config, folder, findings);
  findings.push(...(await checkVaults(config.vaults, ports)));
  const { origin, findings: ofTunnel } = await tunnelOf(config, standing, ports);
  findings.push(...ofTunnel, await checkPort(config.port));
  const place = auditFile({ configured: config.auditFile, cwd, log, fallback: () => folder });
  findings.push(...(await checkDatabase(place, folder)), checkWebhooks(config.webhooks, standing?.kind === 'approved'));
  return origin;
}

async function standingOrNot(config: Config, folder: string, findings: Finding[]): Promise<Standing | null> {
  try {
    const standing = await standingOf(config, folder);
    findings.push(...checkStanding(config.file ?? 'the environment', standing));
    return standing;
  } catch (thrown) {
    findings.push(failure('config', thrown, 'what was approved of it cannot be read'));
    return null;
  }
}

async function tunnelOf(config: Config, standing: Standing | null, ports: PluginPorts): Promise<TunnelCheck> {
  if (standing !== null && mayOpenTunnel(standing)) return checkTunnel(config.tunnel, ports);
  const says = 'not opened: nobody has approved it yet, so approval links work on this machine only';
  return { findings: [note('tunnel', says)], origin: null };
}

/** What parts of ours warn of is worth knowing here too. */
function hearing(findings: Finding[]): Log {
  const hear = (message: string, hint?: string): void => {
    findings.push(note('agent-vault', message, hint ?? null));
  };
  return { say: (message) => hear(message), warn: hear, once: hear };
}
