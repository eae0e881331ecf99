import type { Scope } from '../core/request.ts';

/** A decision as it was posted. Nothing in it has been proved, or compared with the request. What is missing is empty. */
export interface DecisionForm {
  readonly csrf: string;
  readonly approve: boolean;
  /** How long repeat reads pass, in milliseconds; 0 for this once. */
  readonly windowMs: number;
  readonly scope: Scope;
  /** Places of the ticked names in the request's list, each once. */
  readonly names: readonly number[];
  readonly note: string;
  readonly mute: boolean;
  /** The two digits of the terminal. */
  readonly code: string;
  /** The digest of the config's changes that are accepted with it; null accepts none. */
  readonly config: string | null;
  /** The code of an authenticator app. */
  readonly totp: string;
  /** The answer to a passkey ceremony, if there was one. */
  readonly passkey: { readonly ceremony: string; readonly assertion: string } | null;
}

/** In UTF-16 code units, as browsers count them in a text area. */
export const longestNote = 500;

/** Every field but `name`, and what it may hold. */
const fields = {
  csrf: /^[\w-]{1,64}$/,
  decision: /^(?:approve|deny)$/,
  window: /^\d{0,9}$/,
  scope: /^(?:secret|vault)?$/,
  note: /^[^]*$/,
  mute: /^(?:on)?$/,
  code: /^[^]{0,20}$/,
  config: /^(?:[0-9a-f]{64})?$/,
  totp: /^[^]{0,20}$/,
  ceremony: /^[\w-]{0,64}$/,
  assertion: /^[^]*$/,
} as const;

const place = /^(?:0|[1-9]\d{0,3})$/;

type Pairs = readonly (readonly [string, string])[];

/** The text of a field. */
type Text = (field: keyof typeof fields) => string;

/**
 * Reads a form strictly: `name` as often as there are different places in it, every other known field at most once, and no other.
 * @returns null for anything else
 */
export function readForm(body: unknown): DecisionForm | null {
  if (typeof body !== 'string') return null;
  const pairs = [...new URLSearchParams(body)];
  const text = textsIn(pairs.filter(([key]) => key !== 'name'));
  const names = placesIn(pairs.filter(([key]) => key === 'name'));
  return text === null || names === null ? null : formOf(text, names);
}

/** The token of a form that has nothing else in it; null for anything else. */
export function readToken(body: unknown): string | null {
  if (typeof body !== 'string') return null;
  const [[name, token] = [], ...more] = [...new URLSearchParams(body)];
  return name === 'csrf' && token !== undefined && more.length === 0 ? token : null;
}

function textsIn(pairs: Pairs): Text | null {
  const given = new Map(pairs);
  if (given.size !== pairs.length || pairs.some(([key]) => !Object.hasOwn(fields, key))) return null;
  const areFitting = Object.entries(fields).every(([key, form]) => form.test(given.get(key) ?? ''));
  return areFitting ? (field) => given.get(field) ?? '' : null;
}

function placesIn(pairs: Pairs): readonly number[] | null {
  const given = new Set(pairs.map(([, value]) => value));
  return given.size === pairs.length && [...given].every((value) => place.test(value)) ? [...given].map(Number) : null;
}

function formOf(text: Text, names: readonly number[]): DecisionForm | null {
  const [ceremony, assertion] = [text('ceremony'), text('assertion')];
  const note = text('note').replace(/\r\n?/gu, '\n');
  if (note.length > longestNote || (ceremony === '') !== (assertion === '')) return null;
  return {
    csrf: text('csrf'),
    approve: text('decision') === 'approve',
    windowMs: Number(text('window')),
    scope: text('scope') === 'vault' ? 'vault' : 'secret',
    names,
    note,
    mute: text('mute') === 'on',
    code: text('code').trim(),
    config: text('config') === '' ? null : text('config'),
    totp: text('totp').replace(/\s/gu, ''),
    passkey: ceremony === '' ? null : { ceremony, assertion },
  };
}
