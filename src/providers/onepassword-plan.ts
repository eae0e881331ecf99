import { VaultError } from '../core/errors.ts';
import { limits, shown } from '../core/input.ts';
import type { PlannedWrite } from '../core/request.ts';
import type { Secret } from '../core/secret.ts';
import { oneLine } from '../core/text.ts';
import type { Catalogue, Located } from './onepassword-catalogue.ts';
import type { NewItem, OnePassword, Place, VaultInfo, WritableCategory } from './onepassword-client.ts';
import { gone } from './onepassword-errors.ts';
import { fieldAt, slotOf } from './onepassword-field.ts';
import type { Choice } from './onepassword-field.ts';
import { entryOf, idReference, Index, locate } from './onepassword-names.ts';
import { isReference, parseReference } from './onepassword-reference.ts';
import type { Reference } from './onepassword-reference.ts';
import { unclear } from './onepassword-suggestions.ts';

/** Where new items go. Undefined: none are created, and existing ones may be replaced in every vault in use. */
export interface WriteSettings {
  readonly vaultId: string;
  readonly category: WritableCategory;
}

export interface WriteSource {
  readonly client: OnePassword;
  readonly catalogue: Catalogue;
  readonly settings: WriteSettings | undefined;
}

/** One write, worked out to the end: what is created, or which field gets a new value and what it held before. */
export type Step = { readonly planned: PlannedWrite } & (
  | { readonly kind: 'create'; readonly item: NewItem; readonly vault: VaultInfo }
  | { readonly kind: 'replace'; readonly located: Located; readonly place: Place; readonly from: Secret }
);

/** Works out every write from what 1Password holds now; throws for the first that cannot be done. Changes nothing. */
export async function stepsFor(
  source: WriteSource,
  writes: readonly { readonly name: string; readonly value: Secret }[],
): Promise<readonly Step[]> {
  const targets = await targetsOf(
    source,
    writes.map(({ name }) => name),
  );
  const steps = await Promise.all(
    writes.map(async ({ name, value }, at) => {
      if (value.reveal() === '') throw unwritable(name, 'is to become empty, which 1Password cannot tell from absent');
      const target = targets[at] ?? null;
      return target === null ? creation(source, name, value) : replacement(source, target, value);
    }),
  );
  const ids = steps.map(({ planned }) => planned.id);
  const double = steps.find(({ planned }, at) => ids.indexOf(planned.id) !== at);
  if (double !== undefined) throw unwritable(double.planned.name, 'is written twice in one batch, under two names');
  return steps;
}

interface Target {
  readonly name: string;
  readonly located: Located;
  readonly field: Reference['field'];
}

/** The existing items that the names mean; null for a title that does not exist yet. */
async function targetsOf(source: WriteSource, names: readonly string[]): Promise<readonly (Target | null)[]> {
  const { catalogue } = source;
  const vaults = await writableVaults(source);
  for (const { id } of vaults) catalogue.forget(id);
  const index = new Index((await Promise.all(vaults.map((vault) => catalogue.items(vault)))).flat());
  return Promise.all(
    names.map(async (name) => {
      if (isReference(name)) return referenced(source, name);
      const located = index.find(name);
      return located === null ? null : { name: index.nameOf(located), located, field: undefined };
    }),
  );
}

async function referenced({ catalogue, settings }: WriteSource, name: string): Promise<Target> {
  const reference = parseReference(name);
  const located = await locate(catalogue, reference);
  if (located === null) throw unwritable(name, 'leads to no item, and a reference cannot create one');
  if (settings !== undefined && located.vault.id !== settings.vaultId)
    throw unwritable(name, 'lies outside the vault in write.vaultId, the only one to be written');
  if (reference.field?.query !== undefined)
    throw unwritable(name, 'has a query, and only a plain field can be written');
  return { name, located, field: reference.field };
}

async function writableVaults({ catalogue, settings }: WriteSource): Promise<readonly VaultInfo[]> {
  const vaults = await catalogue.vaults();
  if (settings === undefined) return vaults;
  const writable = vaults.filter(({ id }) => id === settings.vaultId);
  if (writable.length > 0) return writable;
  const hint = 'write.vaultId must be the ID of a vault that the account sees';
  throw new VaultError('value_unwritable', 'the 1Password account does not see the vault in write.vaultId', { hint });
}

async function creation(source: WriteSource, title: string, value: Secret): Promise<Step> {
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

async function replacement({ client, catalogue }: WriteSource, target: Target, value: Secret): Promise<Step> {
  const { name, located, field } = target;
  const { vault, item: info } = located;
  const [item] = await client.get(vault.id, [info.id]);
  if (item === undefined || item === null) throw gone(name);
  const choice = field === undefined ? slotOf(item) : fieldAt(item, field);
  if (choice.kind === 'unclear')
    throw await unclear(catalogue, { entry: { name }, reference: { vault: vault.id }, item }, choice.fields);
  if (choice.kind === 'nothing') throw unwritable(name, 'has no field whose value could be replaced');
  if (!replaceable.has(choice.type))
    throw unwritable(name, 'is a kind of field that cannot be given a new value as text');
  const id = `${idReference(located)}?${placeText(choice)}`;
  const planned = { ...entryOf(located, name), id, within: idReference(located), effect: 'replace', value } as const;
  return { kind: 'replace', planned, located, place: choice.place, from: choice.value.value };
}

/** Not SSH keys, one-time passwords and the like, which have a form of their own. */
const replaceable: ReadonlySet<string> = new Set(['Concealed', 'Text', 'Url', 'Email', 'Note']);

/** Binds an approval to the field that was found, not only to its item. */
function placeText({ place }: Extract<Choice, { kind: 'found' }>): string {
  return new URLSearchParams(
    place.kind === 'note' ? { note: '' } : { section: place.sectionId ?? '', field: place.id },
  ).toString();
}

function isTitle(title: string): boolean {
  return oneLine(title) === title && title.trim() === title && title !== '' && Array.from(title).length <= limits.name;
}

function notCreatable(name: string): VaultError {
  const message = `"${shown(name)}" does not exist, and this vault's config does not say where to create items`;
  return new VaultError('value_unwritable', message, { hint: 'set write.vaultId (and write.category) for this vault' });
}

function unwritable(name: string, why: string): VaultError {
  return new VaultError('value_unwritable', `"${shown(name)}" ${why}`);
}
