import type { Fault } from './onepassword-protocol.ts';
import type { ErrorClass, Sdk } from './onepassword-sdk.ts';

/**
 * What 1Password's SDK (0.5.0) says in the messages of its plain Errors and bare strings; the first that fits counts.
 * Only three of its failures have classes, and sign-in reports even a rate limit as a plain Error.
 */
const sayings: readonly (readonly [RegExp, Fault])[] = [
  [/rate limit exceeded/i, 'rate_limited'],
  [/^authentication error: .*(?:not authenticated|the right permissions|resource not found)/i, 'signed_out'],
  [/^authentication error: .*a conflict occurred/i, 'server_error'],
  [/native library is not available|desktop application not found/i, 'desktop_missing'],
  [/service account token|service account deserialization|prefix 'ops_'/i, 'token_invalid'],
  [/account couldn't be found/i, 'account_unknown'],
  [/not authenticated|session (?:seems )?expired/i, 'signed_out'],
  [/the right permissions/i, 'forbidden'],
  [/incorrect item version|a conflict occurred/i, 'conflict'],
  [/(?:resource|item|vault|file|entity) (?:was )?(?:not found|couldn't be found)|not in an active state/i, 'not_found'],
  [/message size exceeds|too big|larger than/i, 'too_big'],
  [/error sending request|request timeout/i, 'unreachable'],
  [/server error|unexpected status code|deserializing HTTP responses/i, 'server_error'],
  [/invalid user input|bad input|validation error|could not be parsed/i, 'rejected'],
];

/** Tells what the SDK threw: a typed error, a plain Error, or a bare string. */
export function faultOf(thrown: unknown, sdk: Pick<Sdk, ErrorClass> | null): Fault {
  if (sdk !== null) {
    if (thrown instanceof sdk.RateLimitExceededError) return 'rate_limited';
    if (thrown instanceof sdk.AuthExpiredError) return 'signed_out';
    if (thrown instanceof sdk.DesktopSessionExpiredError) return 'desktop_locked';
  }
  const text = textOf(thrown);
  return sayings.find(([saying]) => saying.test(text))?.[1] ?? 'unknown';
}

export function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : 'something that is neither an error nor a text';
}
