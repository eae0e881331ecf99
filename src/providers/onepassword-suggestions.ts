import { VaultError } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import type { Entry } from '../core/request.ts';
import type { Catalogue } from './onepassword-catalogue.ts';
import type { Field, Item } from './onepassword-client.ts';
import { pathTo } from './onepassword-field.ts';
import { fewOf, speakingReference } from './onepassword-names.ts';
import type { Reference } from './onepassword-reference.ts';

interface Asked {
  readonly entry: Pick<Entry, 'name'>;
  readonly reference: Pick<Reference, 'vault'>;
  readonly item: Item;
}

/** The item holds several secrets: says the references of which one can be asked for instead. */
export async function unclear(catalogue: Catalogue, asked: Asked, fields: readonly Field[]): Promise<VaultError> {
  const start = `"${shown(asked.entry.name)}" holds ${fields.length} secrets and none of them is its password or credential`;
  return new VaultError('secret_ambiguous', `${start}; ask for one of ${await references(catalogue, asked, fields)}`);
}

/** The item holds no secret that could be meant; it may have other fields. */
export async function nothingToRead(catalogue: Catalogue, asked: Asked): Promise<VaultError> {
  const fields = asked.item.fields.filter((field) => !field.empty);
  const start = `"${shown(asked.entry.name)}" holds no password, credential, concealed field or note`;
  if (fields.length === 0) {
    const { vault } = asked.reference;
    return new VaultError('secret_unknown', `${start}; a file is read as op://${vault}/${asked.item.id}/file-name`);
  }
  return new VaultError('secret_ambiguous', `${start}; ask for one of ${await references(catalogue, asked, fields)}`);
}

/** Only text that the grammar of references allows gets in: letters, digits, a few marks. */
async function references(catalogue: Catalogue, { reference, item }: Asked, fields: readonly Field[]): Promise<string> {
  const vault = (await catalogue.vaults()).find(({ id }) => id === reference.vault) ?? {
    id: reference.vault,
    title: '',
  };
  const paths = fields.flatMap((field) => pathTo(item, field) ?? []);
  const texts = await Promise.all(paths.map((path) => speakingReference(catalogue, { vault, item }, path)));
  const unnamed = fields.length - paths.length;
  return `${fewOf(texts)}${unnamed === 0 ? '' : ` (${unnamed} more cannot be written as a reference: rename the fields)`}`;
}
