import type { Failure } from '../core/errors.ts';
import { VaultError } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import { ChildError } from '../platform/child.ts';
import type { ChildEnd } from '../platform/child.ts';
import type { Fault } from './onepassword-protocol.ts';

interface Words {
  readonly failure: Failure;
  readonly message: string;
  readonly hint?: string | undefined;
}

const newToken = 'create a new token at 1password.com (Developer > Service Accounts) and put it in serviceAccountToken';

/** In our words. Nothing that 1Password said gets into a message. */
const faults: Record<Fault | ChildEnd, Words> = {
  sdk_missing: {
    failure: 'provider_unavailable',
    message: "1Password's SDK is not installed",
    hint: 'npm install @1password/sdk@0.5.0 (for a global agent-vault: npm install --global @1password/sdk@0.5.0 agent-vault)',
  },
  token_invalid: {
    failure: 'provider_refused',
    message: '1Password did not accept the service account token: it is malformed or was replaced',
    hint: newToken,
  },
  account_unknown: {
    failure: 'provider_refused',
    message: "1Password's desktop app does not know the account",
    hint: "set account to the name at the top of the app's side bar",
  },
  signed_out: {
    failure: 'provider_refused',
    message: '1Password refused the sign-in: the service account or its token was revoked or has expired',
    hint: newToken,
  },
  desktop_missing: {
    failure: 'provider_unavailable',
    message: "1Password's desktop app was not found on this machine",
    hint: 'install the app and turn on Settings > Developer > Integrate with other apps, or use serviceAccountToken',
  },
  desktop_locked: {
    failure: 'provider_unavailable',
    message: "1Password's desktop app is locked or its permission was not given",
    hint: 'unlock the app, then ask again and allow Agent Vault when it prompts',
  },
  forbidden: {
    failure: 'provider_refused',
    message: '1Password refused: the account has no permission for this in that vault',
    hint: "check the service account's vaults and whether it may write; both are fixed when it is created",
  },
  rate_limited: {
    failure: 'provider_limited',
    message: "1Password's rate limit for this account is used up; it is counted by the hour and by the day",
    hint: 'see how much is left with: op service-account ratelimit',
  },
  not_found: {
    failure: 'secret_changed',
    message: 'it is no longer in 1Password, or no longer visible to this account',
  },
  conflict: { failure: 'secret_changed', message: 'it was changed in 1Password meanwhile' },
  too_big: { failure: 'value_unwritable', message: '1Password takes no item as big as that' },
  rejected: { failure: 'provider_refused', message: '1Password rejected the request as not valid' },
  unreachable: {
    failure: 'provider_unavailable',
    message: '1Password cannot be reached from this machine',
    hint: 'check the network and any proxy (Node uses HTTPS_PROXY only with NODE_USE_ENV_PROXY=1)',
  },
  server_error: {
    failure: 'provider_unavailable',
    message: '1Password answered with an error of its own; try again later',
  },
  unknown: { failure: 'provider_unavailable', message: '1Password failed in a way that is not known to Agent Vault' },
  crashed: {
    failure: 'provider_unavailable',
    message: "1Password's SDK crashed; it is started anew for the next call",
  },
  hung: { failure: 'provider_unavailable', message: '1Password did not answer in time' },
  closed: { failure: 'closing', message: 'the connection to 1Password was closed' },
};

/** `detail` is foreign text: it goes to `cause` and is never shown. */
export function faultError(fault: Fault, detail: string): VaultError {
  return worded(faults[fault], new Error(detail));
}

/** Whatever a question to the child process ended with, as a VaultError. */
export function childError(thrown: unknown): VaultError {
  if (thrown instanceof VaultError) return thrown;
  return worded(faults[thrown instanceof ChildError ? thrown.end : 'unknown'], thrown);
}

/** A secret that was there when its name was looked up. */
export function gone(name: string): VaultError {
  return about(name, worded(faults.not_found, undefined));
}

/** The same error, saying which secret it is about. */
export function about(name: string, { failure, message, hint, cause }: VaultError): VaultError {
  return worded({ failure, message: `"${shown(name)}": ${message}`, hint }, cause);
}

function worded({ failure, message, hint }: Words, cause: unknown): VaultError {
  return new VaultError(failure, message, { cause, ...(hint === undefined ? {} : { hint }) });
}
