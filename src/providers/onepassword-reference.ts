import { shown } from '../core/input.ts';
import { VaultError } from '../core/errors.ts';

/**
 * A secret reference. The grammar is 1Password's, tightened: no empty segment, none of dots only, no space at either end,
 * at most 128 characters each; plus `op://vault/item` for a whole item, which 1Password does not have.
 */
export interface Reference {
  readonly vault: string;
  readonly item: string;
  /** Names the field: "field" or "section/field", with its query if it has one. Absent for a whole item. */
  readonly field?: FieldPath | undefined;
}

export interface FieldPath {
  readonly section?: string | undefined;
  readonly field: string;
  readonly query?: Query | undefined;
}

export type Query = (typeof queries)[number];

const scheme = 'op://';
const queries = ['attribute=otp', 'attribute=totp', 'ssh-format=openssh'] as const;
/** https://developer.1password.com/docs/cli/secret-reference-syntax: everything else is named by its ID. */
const segmentForm = /^(?!\.+$)[A-Za-z0-9_.-](?:[A-Za-z0-9 _.-]{0,126}[A-Za-z0-9_.-])?$/;

export function isReference(name: string): boolean {
  return name.startsWith(scheme);
}

/** Throws `input_invalid`. Whether anything stands behind the reference is not checked. */
export function parseReference(text: string): Reference {
  const [path = '', query, ...rest] = text.slice(scheme.length).split('?');
  const segments = path.split('/');
  const known = queries.find((candidate) => candidate === query);
  const well = isReference(text) && rest.length === 0 && (query === undefined || known !== undefined);
  if (!well || segments.length < 2 || segments.length > 4 || !segments.every(isSegment)) throw malformed(text);
  const [vault = '', item = '', ...names] = segments;
  const field = names.pop();
  if (field === undefined && known !== undefined) throw malformed(text);
  if (field === undefined) return { vault, item };
  return { vault, item, field: { section: names[0], field, query: known } };
}

/** Whether a name can stand in a reference as it is. */
export function isSegment(name: string): boolean {
  return segmentForm.test(name);
}

/** The text of a reference; the opposite of `parseReference`. */
export function referenceText({ vault, item, field }: Reference): string {
  const path = field === undefined ? [] : [...(field.section === undefined ? [] : [field.section]), field.field];
  const query = field?.query === undefined ? '' : `?${field.query}`;
  return `${scheme}${[vault, item, ...path].join('/')}${query}`;
}

function malformed(text: string): VaultError {
  const form = 'op://vault/item, op://vault/item/field or op://vault/item/section/field';
  const rules = 'letters, digits, "-", "_", "." and inner spaces; use IDs for other names; the only queries are';
  return new VaultError(
    'input_invalid',
    `"${shown(text)}" is not a secret reference: it must be ${form} (${rules} ${queries.map((one) => `?${one}`).join(', ')})`,
  );
}
