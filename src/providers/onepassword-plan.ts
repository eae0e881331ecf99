import type { Clock } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import { limits, shown } from '../core/input.ts';
import type { Log } from '../core/ports.ts';
import type { PlannedWrite } from '../core/request.ts';
import type { Secret } from '../core/secret.ts';
import { oneLine } from '../core/text.ts';
import type { Catalogue, Located } from './onepassword-catalogue.ts';
import type { NewItem, OnePassword, VaultInfo, WritableCategory } from './onepassword-client.ts';
import { entryOf, Index, locate } from './onepassword-names.ts';
import { isReference, parseReference } from './onepassword-reference.ts';
import type { FieldPath } from './onepassword-reference.ts';

/** Where new items go. Undefined: none are created, and existing ones may be replaced in every vault in use. */
export interface WriteSettings {
  readonly vaultId: string;
  readonly category: WritableCategory;
}

export interface WriteSource {
  readonly client: OnePassword;
  readonly catalogue: Catalogue;
  readonly settings: WriteSettings | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** One write as far as titles tell: what is created, or which item gets a new value. */
export type Draft = { readonly planned: PlannedWrite } & (
  | { readonly kind: 'create'; readonly item: NewItem; readonly vault: VaultInfo }
  | { readonly kind: 'replace'; readonly located: Located; readonly field: FieldPath | undefined }
);

/**
 * Works out every write from titles alone; throws for the first that cannot be done. Changes nothing, decrypts nothing:
 * nobody was asked yet. Which field gets the value, and whether it can, is found out at the write.
 */
export async function draftsFor(
  source: WriteSource,
  writes: readonly { readonly name: string; readonly value: Secret }[],
): Promise<readonly Draft[]> {
  const index = await indexOf(source);
  const drafts = await Promise.all(writes.map(({ name, value }) => draftFor(source, index, { name, value })));
  const ids = drafts.map(({ planned }) => planned.id);
  const double = drafts.find(({ planned }, at) => ids.indexOf(planned.id) !== at);
  if (double !== undefined) throw writtenTwice(double.planned.name);
  return drafts;
}

/** The vaults that may be written to. Throws `value_unwritable` if there is none. */
export async function writableVaults({ catalogue, settings }: WriteSource): Promise<readonly VaultInfo[]> {
  const vaults = await catalogue.vaults();
  if (settings === undefined) return vaults;
  const writable = vaults.filter(({ id }) => id === settings.vaultId);
  if (writable.length > 0) return writable;
  const hint = 'write.vaultId must be the ID of a vault that the account sees';
  throw new VaultError('value_unwritable', 'the 1Password account does not see the vault in write.vaultId', { hint });
}

export function writtenTwice(name: string): VaultError {
  return unwritable(name, 'is written twice in one batch, under two names');
}

export function unwritable(name: string, why: string): VaultError {
  return new VaultError('value_unwritable', `"${shown(name)}" ${why}`);
}

async function indexOf(source: WriteSource): Promise<Index> {
  const vaults = await writableVaults(source);
  return new Index((await Promise.all(vaults.map((vault) => source.catalogue.items(vault)))).flat());
}

async function draftFor(
  source: WriteSource,
  index: Index,
  { name, value }: { readonly name: string; readonly value: Secret },
): Promise<Draft> {
  if (value.reveal() === '') throw unwritable(name, 'is to become empty, which 1Password cannot tell from absent');
  if (isReference(name)) return referenced(source, name, value);
  const located = index.find(name);
  return located === null ? creation(source, name, value) : replacement(located, index.nameOf(located), value);
}

async function referenced(source: WriteSource, name: string, value: Secret): Promise<Draft> {
  const { catalogue, settings } = source;
  const { vault, item, field } = parseReference(name);
  const located = await locate(catalogue, { vault, item });
  if (located === null) throw unwritable(name, 'leads to no item, and a reference cannot create one');
  if (settings !== undefined && located.vault.id !== settings.vaultId)
    throw unwritable(name, 'lies outside the vault in write.vaultId, the only one to be written');
  if (field?.query !== undefined) throw unwritable(name, 'has a query, and only a plain field can be written');
  return replacement(located, name, value, field);
}

async function creation(source: WriteSource, title: string, value: Secret): Promise<Draft> {
  const { settings } = source;
  const [vault] = await writableVaults(source);
  if (settings === undefined || vault === undefined) throw notCreatable(title);
  if (!isTitle(title))
    throw unwritable(title, 'cannot be the title of a new item: it has hidden or control characters');
  const id = `op://${vault.id}/?${new URLSearchParams({ create: title }).toString()}`;
  const entry = { id, name: title, group: vault.id, groupTitle: oneLine(vault.title) };
  const item = { vaultId: vault.id, title, category: settings.category, value };
  return { kind: 'create', planned: { ...entry, effect: 'create', value }, item, vault };
}

function replacement(located: Located, name: string, value: Secret, field?: FieldPath): Draft {
  return { kind: 'replace', planned: { ...entryOf(located, name, field), effect: 'replace', value }, located, field };
}

function isTitle(title: string): boolean {
  return oneLine(title) === title && title.trim() === title && title !== '' && Array.from(title).length <= limits.name;
}

function notCreatable(name: string): VaultError {
  const message = `"${shown(name)}" does not exist, and this vault's config does not say where to create items`;
  return new VaultError('value_unwritable', message, { hint: 'set write.vaultId (and write.category) for this vault' });
}
