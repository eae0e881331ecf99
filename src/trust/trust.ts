import type { ApprovalConfig, Config, TunnelConfig, VaultConfig, WebhookConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { Policies } from '../core/policies.ts';
import type { Log } from '../core/ports.ts';
import type { Approver } from '../core/request.ts';

export interface TrustOptions {
  readonly config: Config;
  /** Loads the config again, from the same place and with the same copy of the environment. */
  readonly reload: () => Promise<Config>;
  /** The account's state folder; null if it cannot be used. Then nothing counts as approved, and nothing can be. */
  readonly stateFolder: string | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after something in force has changed, whether by an edit, an approval or another process. */
  readonly onChange: (changed: Changed) => void;
}

export interface Changed {
  /** Vaults whose policy or source is another than before, or that came or went: their windows must close. */
  readonly vaults: ReadonlySet<string>;
}

/** What counts now. `tunnel`, `port` and `auditFile` stay as they were at the start. */
export interface InForce {
  /** Each with the policy in force. The same `open` as before means the same source: its provider can be kept. */
  readonly vaults: readonly VaultConfig[];
  /** Those that may be told. */
  readonly webhooks: readonly WebhookConfig[];
  /** One that has not been approved refuses to connect and says so. */
  readonly tunnel: TunnelConfig | null;
  readonly port: number;
  readonly auditFile: string | null;
  readonly approval: ApprovalConfig;
}

/** The policy in force, and what the composition root makes of it. */
export interface Trust extends Policies {
  inForce(): InForce;
  /** The weakest factor that the user's own limits let decide. */
  requiredFactor(): Approver['factor'];
}
