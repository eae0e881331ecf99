import { VaultError } from '../core/errors.ts';
import { limits, shown } from '../core/input.ts';
import type { Entry } from '../core/request.ts';
import { oneLine } from '../core/text.ts';
import type { Catalogue, Located } from './onepassword-catalogue.ts';
import type { VaultInfo } from './onepassword-client.ts';
import { isReference, isSegment, parseReference, referenceText } from './onepassword-reference.ts';
import type { FieldPath, Reference } from './onepassword-reference.ts';

/** Every item, under its title. */
export async function listEntries(catalogue: Catalogue): Promise<readonly Entry[]> {
  const all = await catalogue.all();
  const ids = new Set(all.map(({ item }) => item.id));
  return all.map((located) => entryOf(located, nameOf(located, ids)));
}

/** What each name means: an item's title, an item's ID, or a secret reference. Null means nothing. Reads titles only. */
export async function resolveNames(catalogue: Catalogue, names: readonly string[]): Promise<readonly (Entry | null)[]> {
  const references = names.map((name) => (isReference(name) ? parseReference(name) : null));
  const index = references.includes(null) ? new Index(await catalogue.all()) : null;
  return Promise.all(
    names.map(async (name, at) => {
      const reference = references[at] ?? null;
      if (reference === null) return index?.entry(name) ?? null;
      const located = await locate(catalogue, reference);
      return located === null ? null : entryOf(located, name, reference.field);
    }),
  );
}

/** The item that a reference points to. Throws `provider_refused` if its vault is not one that the config allows. */
export async function locate(catalogue: Catalogue, { vault: wanted, item }: Reference): Promise<Located | null> {
  const vaults = matching(await catalogue.vaults(), wanted);
  if (vaults.length > 1)
    throw ambiguous(
      wanted,
      'vaults',
      vaults.map(({ id }) => id),
    );
  const [vault] = vaults;
  if (vault === undefined && !catalogue.restricted) return null;
  if (vault === undefined) {
    const message = `"${shown(wanted)}" is not among the 1Password vaults that this vault may use`;
    throw new VaultError('provider_refused', message, { hint: 'add its ID to vaultIds if agents may ask for it' });
  }
  const all = await catalogue.items(vault);
  const found = matching(
    all.map((located) => ({ ...located.item, located })),
    item,
  ).map(({ located }) => located);
  if (found.length > 1) throw ambiguous(item, 'items', found.map(idReference));
  return found[0] ?? null;
}

/** Items by title or ID. Throws `secret_ambiguous`, listing the IDs, if a title means several. */
export class Index {
  readonly #ids: ReadonlyMap<string, Located>;
  readonly #titles = new Map<string, Located[]>();

  constructor(all: readonly Located[]) {
    this.#ids = new Map(all.map((located) => [located.item.id, located]));
    for (const located of all) {
      const key = comparable(located.item.title);
      this.#titles.set(key, [...(this.#titles.get(key) ?? []), located]);
    }
  }

  find(name: string): Located | null {
    const byId = this.#ids.get(name);
    if (byId !== undefined) return byId;
    const found = this.#titles.get(comparable(name)) ?? [];
    if (found.length > 1) throw ambiguous(name, 'items', found.map(described));
    return found[0] ?? null;
  }

  entry(name: string): Entry | null {
    const located = this.find(name);
    return located === null ? null : entryOf(located, this.nameOf(located));
  }

  /** The title where it alone leads to the item, else a reference by IDs. */
  nameOf(located: Located): string {
    const shared = (this.#titles.get(comparable(located.item.title)) ?? []).length > 1;
    return shared ? idReference(located) : nameOf(located, new Set(this.#ids.keys()));
  }
}

/** A reference to a field that a person can read: titles where they lead to this item and no other, else IDs. */
export async function speakingReference(catalogue: Catalogue, located: Located, field: FieldPath): Promise<string> {
  const { vault, item } = located;
  const vaults = await catalogue.vaults();
  const items = (await catalogue.items(vault)).map((other) => other.item);
  return referenceText({ vault: speaking(vaults, vault), item: speaking(items, item), field });
}

export function idReference({ vault, item }: Located): string {
  return referenceText({ vault: vault.id, item: item.id });
}

/** A name that is not the item's title says nothing to a person: the title goes with it. */
export function entryOf(located: Located, name: string, field?: FieldPath): Entry {
  const { vault, item } = located;
  const id = referenceText({ vault: vault.id, item: item.id, field });
  const title = titleOf(located, field);
  const entry = { id, name, ...(title === name ? {} : { title }), group: vault.id, groupTitle: oneLine(vault.title) };
  return field === undefined ? entry : { ...entry, within: idReference(located) };
}

export function ambiguous(name: string, what: string, choices: readonly string[]): VaultError {
  return new VaultError(
    'secret_ambiguous',
    `"${shown(name)}" means ${choices.length} ${what}; ask by ID instead: ${fewOf(choices)}`,
  );
}

/** At most ten, saying how many more there are. */
export function fewOf(texts: readonly string[]): string {
  const more = texts.length > 10 ? ` and ${texts.length - 10} more` : '';
  return `${texts.slice(0, 10).join(', ')}${more}`;
}

/** By ID, else by title, else by title in any case: what 1Password does with the segments of a reference. */
function matching<Thing extends VaultInfo>(things: readonly Thing[], wanted: string): readonly Thing[] {
  const lower = wanted.toLowerCase();
  const tests = [
    (thing: Thing) => thing.id === wanted,
    (thing: Thing) => thing.title === wanted,
    (thing: Thing) => thing.title.toLowerCase() === lower,
  ];
  return tests.map((test) => things.filter(test)).find((found) => found.length > 0) ?? [];
}

function speaking(things: readonly VaultInfo[], thing: VaultInfo): string {
  const found = isSegment(thing.title) ? matching(things, thing.title) : [];
  return found.length === 1 && found[0]?.id === thing.id ? thing.title : thing.id;
}

/** A title that cannot be asked for (empty, too long, like a reference or an ID) is listed as a reference by IDs. */
function nameOf(located: Located, ids: ReadonlySet<string>): string {
  const title = oneLine(located.item.title);
  const askable =
    title.trim() !== '' && Array.from(title).length <= limits.name && !isReference(title) && !ids.has(title);
  return askable ? title : idReference(located);
}

/** "item › section › field". The field is called what the reference calls it: what it holds is not read before an approval. */
function titleOf({ item }: Located, field: FieldPath | undefined): string {
  const title = oneLine(item.title);
  const parts = [title.trim() === '' ? '(no title)' : title, field?.section, field?.field];
  return parts.filter((part) => part !== undefined).join(' › ');
}

function described(located: Located): string {
  return `${idReference(located)} (${shown(located.vault.title)})`;
}

/** Titles are compared as they are shown, in one Unicode form: what an agent read is what it may ask for. */
function comparable(title: string): string {
  return oneLine(title).normalize('NFC');
}
