import type { Field, Item, Place, Value } from './onepassword-client.ts';
import type { FieldPath } from './onepassword-reference.ts';
import { isSegment } from './onepassword-reference.ts';

/** What an item means when no field of it is named. `unclear`: several secrets, none of them built in. */
export type Choice =
  | { readonly kind: 'found'; readonly place: Place; readonly value: Value; readonly type: string }
  | { readonly kind: 'unclear'; readonly fields: readonly Field[] }
  | { readonly kind: 'nothing' };

/** Fields whose values 1Password conceals. */
const secretTypes: ReadonlySet<string> = new Set(['Concealed', 'SshKey', 'CreditCardNumber']);
const builtIn = ['password', 'credential'];
const note = { kind: 'note' } as const;

/** The built-in password or credential, else the only concealed field, else the note. Empty ones do not count. */
export function secretOf(item: Item): Choice {
  const secrets = item.fields.filter((field) => secretTypes.has(field.type) && !field.empty);
  const [only] = secrets;
  const chosen = secrets.find(isBuiltIn) ?? (secrets.length === 1 ? only : undefined);
  if (chosen !== undefined) return found(chosen);
  if (secrets.length > 1) return { kind: 'unclear', fields: secrets };
  return item.note.empty ? { kind: 'nothing' } : noteOf(item);
}

/** What a write to the item replaces: what a read would give, else the empty place where a value belongs. */
export function slotOf(item: Item): Choice {
  const choice = secretOf(item);
  if (choice.kind !== 'nothing') return choice;
  const empty = item.fields.find((field) => secretTypes.has(field.type) && isBuiltIn(field));
  if (empty !== undefined) return found(empty);
  return item.category === 'SecureNote' ? noteOf(item) : choice;
}

/** The field that a path names, by ID or title, in any case; without a section, an item's own fields come first. */
export function fieldAt(item: Item, { section, field }: FieldPath): Choice {
  const sections = item.sections.filter((one) => section !== undefined && names(one, section)).map(({ id }) => id);
  const named = item.fields.filter((one) => names(one, field));
  const own = named.filter(({ sectionId }) => isOwn(sectionId));
  const inSections = named.filter(({ sectionId }) => sectionId !== undefined && sections.includes(sectionId));
  const fields = section !== undefined ? inSections : own.length > 0 ? own : named;
  const [only] = fields;
  if (only !== undefined) return fields.length === 1 ? found(only) : { kind: 'unclear', fields };
  return section === undefined && field.toLowerCase() === 'notesplain' ? noteOf(item) : { kind: 'nothing' };
}

/** How a reference names this field: by titles where they are clear and can be written, else by IDs; null if neither can. */
export function pathTo(item: Item, field: Field): FieldPath | null {
  const section = isOwn(field.sectionId) ? undefined : item.sections.find(({ id }) => id === field.sectionId);
  const inSection = section === undefined ? undefined : [section.title, section.id].find(isSegment);
  if (section !== undefined && inSection === undefined) return null;
  const query = field.type === 'Totp' ? 'attribute=otp' : undefined;
  for (const name of [field.title, field.id]) {
    const path = { section: inSection, field: name, query } as const;
    const choice = fieldAt(item, path);
    if (isSegment(name) && choice.kind === 'found' && isAt(choice.place, field)) return path;
  }
  return null;
}

/** What stands at a place now; null if the place is gone. */
export function valueAt(item: Item, place: Place): Value | null {
  return place.kind === 'note' ? item.note : (item.fields.find((field) => isAt(place, field)) ?? null);
}

function found(field: Field): Choice {
  const { id, sectionId, type } = field;
  return { kind: 'found', place: { kind: 'field', id, sectionId }, value: field, type };
}

function noteOf(item: Item): Choice {
  return { kind: 'found', place: note, value: item.note, type: 'Note' };
}

function isBuiltIn(field: Field): boolean {
  return isOwn(field.sectionId) && builtIn.includes(field.id);
}

function isOwn(sectionId: string | undefined): boolean {
  return sectionId === undefined || sectionId === '';
}

function isAt(place: Place, field: Field): boolean {
  return place.kind === 'field' && place.id === field.id && place.sectionId === field.sectionId;
}

function names(thing: { readonly id: string; readonly title: string }, wanted: string): boolean {
  const lower = wanted.toLowerCase();
  return thing.id.toLowerCase() === lower || thing.title.toLowerCase() === lower;
}
