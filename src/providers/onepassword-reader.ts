import type { ResolveReferenceError } from '@1password/sdk';
import type { Failure } from '../core/errors.ts';
import { VaultError } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import type { Entry } from '../core/request.ts';
import type { Secret } from '../core/secret.ts';
import type { Catalogue } from './onepassword-catalogue.ts';
import type { Item, OnePassword, Resolved } from './onepassword-client.ts';
import { gone } from './onepassword-errors.ts';
import { secretOf } from './onepassword-field.ts';
import { nothingToRead, unclear } from './onepassword-suggestions.ts';
import { parseReference } from './onepassword-reference.ts';
import type { Reference } from './onepassword-reference.ts';

interface Wanted {
  readonly entry: Entry;
  /** By IDs. */
  readonly reference: Reference;
}

interface Source {
  readonly client: OnePassword;
  readonly catalogue: Catalogue;
}

/** The values, in order: one request for each vault's items, and one for all references to fields. All or none. */
export async function fetchValues(source: Source, entries: readonly Entry[]): Promise<readonly Secret[]> {
  const wanted = entries.map((entry) => ({ entry, reference: parseReference(entry.id) }));
  for (const { entry, reference } of wanted) {
    if (!source.catalogue.allows(reference.vault))
      throw new VaultError('provider_refused', `"${shown(entry.name)}" lies in a 1Password vault that may not be used`);
  }
  const whole = wanted.filter(({ reference }) => reference.field === undefined);
  const parts = wanted.filter(({ reference }) => reference.field !== undefined);
  const values = await Promise.all([itemValues(source, whole), fieldValues(source, parts)]);
  const byId = new Map(values.flat());
  return entries.flatMap(({ id }) => byId.get(id) ?? []);
}

type Values = readonly (readonly [string, Secret])[];

async function itemValues(source: Source, wanted: readonly Wanted[]): Promise<Values> {
  const byVault = Map.groupBy(wanted, ({ reference }) => reference.vault);
  const values = await Promise.all(
    [...byVault].map(async ([vaultId, ofVault]) => {
      const items = await source.client.get(vaultId, [...new Set(ofVault.map(({ reference }) => reference.item))]);
      const byId = new Map(items.map((item) => [item?.id, item]));
      return Promise.all(ofVault.map((one) => itemValue(source, one, byId.get(one.reference.item) ?? null)));
    }),
  );
  return values.flat();
}

async function itemValue({ catalogue }: Source, wanted: Wanted, item: Item | null): Promise<Values[number]> {
  const { entry, reference } = wanted;
  if (item === null) {
    catalogue.forget(reference.vault);
    throw gone(entry.name);
  }
  const choice = secretOf(item);
  if (choice.kind === 'found') return [entry.id, choice.value.value];
  if (choice.kind === 'unclear') throw await unclear(catalogue, { ...wanted, item }, choice.fields);
  throw await nothingToRead(catalogue, { ...wanted, item });
}

async function fieldValues({ client }: Source, wanted: readonly Wanted[]): Promise<Values> {
  if (wanted.length === 0) return [];
  const resolved = await client.resolve([...new Set(wanted.map(({ entry }) => entry.id))]);
  const byId = new Map([...new Set(wanted.map(({ entry }) => entry.id))].map((id, at) => [id, resolved[at]]));
  return wanted.map((one) => [one.entry.id, fieldValue(one, byId.get(one.entry.id))]);
}

function fieldValue({ entry, reference }: Wanted, resolved: Resolved | undefined): Secret {
  const problem = resolved === undefined ? 'other' : 'problem' in resolved ? resolved.problem : null;
  if (resolved === undefined || 'problem' in resolved) throw problemWith(entry.name, problem ?? 'other');
  if (resolved.vaultId === reference.vault && resolved.itemId === reference.item) return resolved.value;
  throw new VaultError('secret_changed', `"${shown(entry.name)}" led to another item in 1Password than was asked for`);
}

const goneNow = ['secret_changed', 'is no longer in 1Password, or no longer visible to this account'] as const;
const noField = ['secret_unknown', 'names a field that the item does not have'] as const;
const twice = [
  'secret_ambiguous',
  'fits several fields of the item: name its section, or use the IDs of both',
] as const;
const notText = ['provider_refused', 'is a file that is not text'] as const;
const notTotp = ['provider_refused', 'asks for a one-time password, and the field holds none'] as const;
const noCode = ['provider_refused', 'holds a one-time password from which 1Password can make no code'] as const;
const notSsh = ['provider_refused', 'asks for a property of an SSH key that the field does not have'] as const;

const problems: Record<ResolveReferenceError['type'], readonly [Failure, string]> = {
  parsing: ['input_invalid', 'is not a secret reference that 1Password understands'],
  fieldNotFound: noField,
  noMatchingSections: noField,
  vaultNotFound: goneNow,
  itemNotFound: goneNow,
  tooManyVaults: twice,
  tooManyItems: twice,
  tooManyMatchingFields: twice,
  incompatibleTOTPQueryParameterField: notTotp,
  unableToGenerateTotpCode: noCode,
  sSHKeyMetadataNotFound: notSsh,
  incompatibleSshKeyQueryParameterField: notSsh,
  unableToParsePrivateKey: notSsh,
  unableToFormatPrivateKeyToOpenSsh: notSsh,
  unsupportedFileFormat: notText,
  other: ['provider_unavailable', 'could not be read, and 1Password does not say why'],
};

function problemWith(name: string, problem: string): VaultError {
  const [failure, words] =
    new Map<string, readonly [Failure, string]>(Object.entries(problems)).get(problem) ?? problems.other;
  return new VaultError(failure, `"${shown(name)}" ${words}`);
}
