import type { Item, ItemCategory, ItemCreateParams, ItemField } from '@1password/sdk';
import type { Answer, Question } from './onepassword-protocol.ts';
import type { Sdk, SdkClient } from './onepassword-sdk.ts';

type Ask<Name extends Question['ask']> = Extract<Question, { ask: Name }>;

/** 1Password answers for at most 50 items at once. */
const batch = 50;

export async function getItems(client: SdkClient, { vaultId, itemIds }: Ask<'get'>): Promise<Answer<'get'>> {
  const found = new Map<string, Item>();
  for (let at = 0; at < itemIds.length; at += batch) {
    const { individualResponses } = await client.items.getAll(vaultId, itemIds.slice(at, at + batch));
    for (const { content, error } of individualResponses) {
      if (content?.vaultId === vaultId) found.set(content.id, content);
      else if (error !== undefined && error.type !== 'itemNotFound') throw new Error(error.message);
    }
  }
  return itemIds.map((id) => described(found.get(id)));
}

export async function createItem(sdk: Sdk, client: SdkClient, ask: Ask<'create'>): Promise<Answer<'create'>> {
  const { vaultId, title, value } = ask;
  const params: ItemCreateParams = { vaultId, title, ...contents(sdk, ask) };
  const created = await client.items.create(params);
  const kept =
    ask.category === 'secure_note'
      ? created.notes
      : created.fields.find(({ id }) => id === params.fields?.[0]?.id)?.value;
  return { itemId: created.id, exact: kept === value };
}

/** Compares and replaces. The server refuses if the item's version changed between our reading and our writing. */
export async function putField(client: SdkClient, ask: Ask<'put'>): Promise<Answer<'put'>> {
  const item = await client.items.get(ask.vaultId, ask.itemId);
  if (valueAt(item, ask.place) !== ask.from) throw new Error('a conflict occurred: the value is another one by now');
  const stored = await client.items.put(changed(item, ask));
  return { itemId: stored.id, exact: valueAt(stored, ask.place) === ask.to };
}

/** In one request: 1Password answers requests at the same time about one vault with conflicts. */
export async function deleteItems(client: SdkClient, { vaultId, itemIds }: Ask<'delete'>): Promise<Answer<'delete'>> {
  const { individualResponses } = await client.items.deleteAll(vaultId, itemIds);
  const responses = new Map(Object.entries(individualResponses));
  return itemIds.map((id) => {
    const response = responses.get(id);
    if (response === undefined || response.error?.type === 'internal') return 'unknown';
    return response.error === undefined || response.error.type === 'itemNotFound' ? 'deleted' : 'kept';
  });
}

function contents(
  sdk: Sdk,
  { category, value }: Ask<'create'>,
): Pick<ItemCreateParams, 'category' | 'fields' | 'notes'> {
  const { ItemCategory: categories } = sdk;
  const field = (id: string): ItemField[] => [{ id, title: id, fieldType: sdk.ItemFieldType.Concealed, value }];
  const byCategory = {
    login: () => ({ category: categories.Login, fields: field('password') }),
    password: () => ({ category: categories.Password, fields: field('password') }),
    api_credentials: () => ({ category: categories.ApiCredentials, fields: field('credential') }),
    secure_note: () => ({ category: categories.SecureNote, notes: value }),
  } satisfies Record<typeof category, () => { category: ItemCategory }>;
  return byCategory[category]();
}

function changed(item: Item, { place, to }: Ask<'put'>): Item {
  if (place.kind === 'note') return { ...item, notes: to };
  return { ...item, fields: item.fields.map((field) => (isAt(field, place) ? { ...field, value: to } : field)) };
}

function valueAt(item: Item, place: Ask<'put'>['place']): string | undefined {
  return place.kind === 'note' ? item.notes : item.fields.find((field) => isAt(field, place))?.value;
}

function isAt(field: ItemField, place: Extract<Ask<'put'>['place'], { kind: 'field' }>): boolean {
  return field.id === place.id && (field.sectionId ?? '') === (place.sectionId ?? '');
}

function described(item: Item | undefined): Answer<'get'>[number] {
  if (item === undefined) return null;
  const { id, title, category, fields, sections, notes } = item;
  return {
    id,
    title,
    category,
    note: notes,
    sections: sections.map((section) => ({ id: section.id, title: section.title })),
    fields: fields.map((field) => ({
      id: field.id,
      title: field.title,
      type: field.fieldType,
      value: field.value,
      ...(field.sectionId === undefined ? {} : { sectionId: field.sectionId }),
    })),
  };
}
