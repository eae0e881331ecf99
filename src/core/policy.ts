import type { Failure } from './errors.ts';
import type { Operation, Scope } from './request.ts';
import type { Window } from './windows.ts';

/** What the config says about a vault. */
export interface VaultPolicy {
  /** How long an approval is remembered for reads, in milliseconds; 0 asks every time. */
  readonly ttlMs: number;
  /** Whether a window covers the secret that was asked for or its whole vault. */
  readonly scope: Scope;
  readonly writable: boolean;
  /** `code`: the person types the two digits that stand at the terminal. */
  readonly confirm: 'tap' | 'code';
}

export type Rule =
  | { readonly kind: 'open'; readonly window: Window }
  | { readonly kind: 'ask' }
  | { readonly kind: 'refuse'; readonly failure: Failure };

/** Decides without doing: no clock, no store, no network. `window` is one that is open now and covers the entry, or null. */
export function rule(operation: Operation, policy: VaultPolicy, window: Window | null): Rule {
  if (operation === 'write') return policy.writable ? { kind: 'ask' } : { kind: 'refuse', failure: 'vault_read_only' };
  return window === null ? { kind: 'ask' } : { kind: 'open', window };
}
