import type { RequestId } from './request.ts';
import type { Secret } from './secret.ts';

/** What a call ends with, apart from failures, which are thrown as VaultError. */
export type Outcome =
  | { readonly status: 'released'; readonly values: readonly { readonly name: string; readonly value: Secret }[] }
  | {
      readonly status: 'saved';
      readonly saved: readonly { readonly name: string; readonly effect: 'create' | 'replace' }[];
    }
  | { readonly status: 'denied'; readonly requestId: RequestId; readonly note: string | null }
  | { readonly status: 'expired' | 'withdrawn'; readonly requestId: RequestId }
  | { readonly status: 'pending'; readonly requestId: RequestId; readonly expiresAt: number };

/** What `list` says about one vault. */
export type VaultListing =
  | { readonly vault: string; readonly names: readonly { readonly name: string; readonly group: string | null }[] }
  | { readonly vault: string; readonly unavailable: string };
