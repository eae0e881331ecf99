import type { AuditAction } from '../core/audit-row.ts';
import type { VaultError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { VaultPolicy } from '../core/policy.ts';
import type { Provider, Tunnel } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { FormatPlugin } from '../webhooks/config.ts';
import type { Keyed } from './described.ts';
import type { ApprovalConfig, EffectivePolicy } from './terms.ts';

/** What the composition root adds so that a plug-in can be opened. */
export type PluginPorts = Pick<PluginContext, 'clock' | 'random' | 'log'>;

interface VaultBase {
  readonly name: string;
  /** The provider's type. */
  readonly type: string;
  readonly policy: VaultPolicy;
}

/** Opening contacts nothing; rejects with a VaultError if this vault cannot work. */
export interface UsableVault extends VaultBase {
  readonly open: (ports: PluginPorts) => Promise<Provider>;
}

/** A variable that it refers to is not set. */
export interface UnavailableVault extends VaultBase {
  readonly unavailable: VaultError;
}

export type VaultConfig = UsableVault | UnavailableVault;

export interface TunnelConfig {
  readonly type: string;
  open(ports: PluginPorts): Tunnel;
}

export interface WebhookConfig {
  readonly plugin: FormatPlugin;
  /** What the format's own keys hold. */
  readonly options: Record<string, unknown>;
  readonly url: string;
  readonly authorization?: Secret;
  readonly events: 'all' | readonly (AuditAction | 'checkpoint')[];
  /** What messages are signed with. */
  readonly secrets: readonly Secret[];
  readonly allowPrivate: boolean;
  /** PEM text of the authorities to trust instead of the usual ones. */
  readonly ca?: string;
  readonly required: boolean;
}

/** Everything that was configured, checked and complete. */
export interface Config {
  /** Absolute; null if the environment alone configures us. */
  readonly file: string | null;
  /** Absolute: that of the file, or the working directory. Relative paths start here. */
  readonly folder: string;
  readonly vaults: readonly VaultConfig[];
  /** Null where none was asked for or its token is not there: links then work on this machine only. */
  readonly tunnel: TunnelConfig | null;
  /** 0 means any free one. */
  readonly port: number;
  readonly approval: ApprovalConfig;
  /** Absolute; null leaves the place to the audit log. */
  readonly auditFile: string | null;
  /** Absolute; null if checkpoints are kept in the audit log alone. */
  readonly anchor: string | null;
  readonly webhooks: readonly WebhookConfig[];
  /** The variables that it refers to, set or not, in the order of the alphabet: what they hold is no business of a child process. */
  readonly tokens: readonly string[];
  /** All that it allows. Not data, so that nothing prints what it is made from. */
  readonly policy: (keyed: Keyed) => EffectivePolicy;
  /** For the operator, each to be said once. */
  readonly notices: readonly string[];
}
