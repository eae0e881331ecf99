import type { Secret } from '../core/secret.ts';

/** What we use of 1Password, and no more. Every method may throw VaultError; see `onepassword-errors.ts`. */
export interface OnePassword {
  /** Every vault the account sees. */
  vaults(): Promise<readonly VaultInfo[]>;
  /** The active items of a vault, without fields. */
  items(vaultId: string): Promise<readonly ItemInfo[]>;
  /** Whole items, decrypted, in order; null for one that is not there. */
  get(vaultId: string, itemIds: readonly string[]): Promise<readonly (Item | null)[]>;
  /** The values behind secret references, in order, in one request. */
  resolve(references: readonly string[]): Promise<readonly Resolved[]>;
  create(item: NewItem): Promise<Written>;
  /** Replaces one field's value, unless it is no longer `from`: then throws `secret_changed`. */
  put(change: FieldChange): Promise<Written>;
  /** What became of each item, in order: `kept` if 1Password refused. One that was not there counts as deleted. */
  delete(vaultId: string, itemIds: readonly string[]): Promise<readonly Deletion[]>;
  close(): Promise<void>;
}

export interface VaultInfo {
  readonly id: string;
  readonly title: string;
}

export interface ItemInfo {
  readonly id: string;
  readonly title: string;
}

export interface Item extends ItemInfo {
  /** As 1Password names it: "Login", "SecureNote", ... */
  readonly category: string;
  readonly fields: readonly Field[];
  readonly sections: readonly { readonly id: string; readonly title: string }[];
  readonly note: Value;
}

export interface Field extends Value {
  readonly id: string;
  readonly title: string;
  /** Absent for an item's own fields, such as a login's password. */
  readonly sectionId?: string | undefined;
  /** As 1Password names it: "Concealed", "Text", "Totp", ... */
  readonly type: string;
}

export interface Value {
  readonly value: Secret;
  readonly empty: boolean;
}

/** A reference's value and where it was found, or the kind of problem, as 1Password names it. */
export type Resolved =
  { readonly value: Secret; readonly vaultId: string; readonly itemId: string } | { readonly problem: string };

export type WritableCategory = 'login' | 'password' | 'secure_note' | 'api_credentials';

export interface NewItem {
  readonly vaultId: string;
  readonly title: string;
  readonly category: WritableCategory;
  readonly value: Secret;
}

export type Deletion = 'deleted' | 'kept' | 'unknown';

/** A field of an item; `note` is its note. */
export type Place =
  { readonly kind: 'note' } | { readonly kind: 'field'; readonly id: string; readonly sectionId?: string | undefined };

export interface FieldChange {
  readonly vaultId: string;
  readonly itemId: string;
  readonly place: Place;
  readonly from: Secret;
  readonly to: Secret;
}

export interface Written {
  readonly itemId: string;
  /** Whether 1Password kept the value exactly as it was sent. */
  readonly exact: boolean;
}
