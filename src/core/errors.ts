/** Every way in which Agent Vault can refuse or fail. Closed on purpose: the three translators (MCP, web, CLI) know each one. */
export type Failure =
  | 'config_invalid'
  | 'input_invalid'
  | 'vault_unknown'
  | 'vault_unavailable'
  | 'vault_read_only'
  | 'secret_unknown'
  | 'secret_ambiguous'
  | 'secret_changed'
  | 'value_unwritable'
  | 'provider_refused'
  | 'provider_limited'
  | 'provider_unavailable'
  | 'approval_unavailable'
  | 'audit_unavailable'
  | 'too_many_requests'
  | 'denied_recently'
  | 'session_muted'
  | 'closing'
  | 'tunnel_unavailable'
  | 'internal';

/** The exit code with which a failure ends the command line. */
export const exitCodes = {
  config_invalid: 1,
  input_invalid: 2,
  vault_unknown: 3,
  vault_unavailable: 4,
  vault_read_only: 3,
  secret_unknown: 3,
  secret_ambiguous: 3,
  secret_changed: 3,
  value_unwritable: 3,
  provider_refused: 4,
  provider_limited: 4,
  provider_unavailable: 4,
  approval_unavailable: 4,
  audit_unavailable: 4,
  too_many_requests: 4,
  denied_recently: 3,
  session_muted: 3,
  closing: 4,
  tunnel_unavailable: 4,
  internal: 70,
} as const satisfies Record<Failure, number>;

export interface VaultErrorOptions {
  /** For the operator, on stderr: what to do about it. Never a value, token or foreign text. */
  readonly hint?: string;
  /** The names it is about, as they were asked for, where it is not about all of them. */
  readonly names?: readonly string[];
  /** The foreign error behind it. Kept for a debugger; no translator prints it. */
  readonly cause?: unknown;
}

/** The one error class. `message` is in our own words, holds no value, and may reach an agent. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly failure: Failure;
  readonly hint: string | undefined;
  readonly names: readonly string[] | undefined;

  constructor(failure: Failure, message: string, options: VaultErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.failure = failure;
    this.hint = options.hint;
    this.names = options.names;
  }
}

/** Whatever was thrown, as a VaultError; anything that is not one is a bug and keeps its text to itself. */
export function asVaultError(thrown: unknown, failure: Failure, message: string): VaultError {
  return thrown instanceof VaultError ? thrown : new VaultError(failure, message, { cause: thrown });
}
