import type { RequestId } from './request.ts';
import type { Secret } from './secret.ts';

/** What a call ends with when it gets nothing. Failures are not outcomes: they are thrown as VaultError. */
export type Ending =
  | { readonly status: 'denied'; readonly requestId: RequestId; readonly note: string | null }
  | { readonly status: 'expired' | 'withdrawn'; readonly requestId: RequestId }
  | {
      readonly status: 'pending';
      readonly requestId: RequestId;
      readonly expiresAt: number;
      /** Approved already; the write is still under way. */
      readonly underWay: boolean;
    };

/** Values under the names that the call asked for. */
export interface Released {
  readonly status: 'released';
  readonly values: readonly { readonly name: string; readonly value: Secret }[];
  /** Names of the call that the person left out. */
  readonly refused: readonly string[];
}

export interface Saved {
  readonly status: 'saved';
  readonly saved: readonly { readonly name: string; readonly effect: 'create' | 'replace' }[];
}

/** What `list` says about one vault. */
export type VaultListing =
  | { readonly vault: string; readonly names: readonly { readonly name: string; readonly group: string | null }[] }
  | { readonly vault: string; readonly unavailable: string };
