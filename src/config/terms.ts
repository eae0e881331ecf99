import type { Json } from '../core/canonical.ts';
import type { VaultPolicy } from '../core/policy.ts';
import type { JsonObject } from './json.ts';

/** All that a config allows, as data that can be kept and compared: no secret value is in it, and no relative path. */
export type EffectivePolicy = {
  readonly vaults: readonly VaultTerms[];
  readonly webhooks: readonly WebhookTerms[];
  readonly tunnel: TunnelTerms;
  readonly port: number;
  /** Absolute. */
  readonly auditFile: string | null;
  /** Absolute: where checkpoints are appended. */
  readonly anchor: string | null;
  readonly approval: ApprovalConfig;
};

export type VaultTerms = Pick<VaultPolicy, keyof VaultPolicy> & {
  readonly name: string;
  readonly type: string;
  /** What its provider is told, as `described`. */
  readonly options: JsonObject;
};

export type WebhookTerms = {
  readonly origin: string;
  /** Keyed hash of the whole address: the path can be as good as a password. */
  readonly address: string;
  /** The variable that holds the address, where one does. */
  readonly variable: string | null;
  /** As `described`; null if none is sent. */
  readonly authorization: Json;
  readonly events: 'all' | readonly string[];
  readonly format: string;
  /** What else it is told, as `described`. */
  readonly options: JsonObject;
};

export type TunnelTerms = {
  readonly type: string;
  /** `environment`: the NGROK_AUTHTOKEN of our own process, set or not. Otherwise as `described`; null where the type needs none. */
  readonly token: Json;
  /** As `described`; null if none is asked for. */
  readonly domain: Json;
  /** What else the type is told, as `described`. */
  readonly options: JsonObject;
};

export type ApprovalConfig = {
  readonly expiresInMs: number;
  /** How long a call may block; null leaves it to what its client can stand. */
  readonly waitMs: number | null;
  /** Requests that may be open at once. */
  readonly maxOpen: number;
  /** Requests that may be opened within an hour. */
  readonly maxPerHour: number;
  /** How long the names of a denied request are refused without asking; 0 for not at all. */
  readonly cooldownMs: number;
};
