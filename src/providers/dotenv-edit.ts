import { VaultError } from '../core/errors.ts';
import type { DotenvParser } from './dotenv-parser.ts';
import { formsOf } from './dotenv-forms.ts';

/** Where the value of one assignment stands in a text, quotes included; an empty span where there is none. */
export interface Assignment {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The text with these values set: the last assignment of each name is replaced, a new name is added at the end; nothing else changes.
 * Every step is read back with the parser: if another name would change or the value not come out exactly, throws `value_unwritable`.
 */
export function withValues(text: string, values: ReadonlyMap<string, string>, parse: DotenvParser): string {
  let edited = text;
  for (const [name, value] of values) edited = withValue(edited, name, value, parse);
  return edited;
}

/** Every assignment, in order. Accepts exactly what `dotenv.parse` accepts, whose grammar is documented only by its own expression. */
export function assignmentsIn(text: string): readonly Assignment[] {
  return [...text.matchAll(assignment)].map((match) => {
    const head = match.indices?.groups?.['head']?.[1] ?? 0;
    return {
      name: match.groups?.['name'] ?? '',
      ...trimmed(text, head, match.indices?.groups?.['value']?.[1] ?? head),
    };
  });
}

const quoted = (quote: string): string => `\\s*${quote}(?:\\\\${quote}|[^${quote}])*${quote}`;
const separator = String.raw`(?:\s*=\s*?|:\s+?)`;
const value = `${quoted("'")}|${quoted('"')}|${quoted('`')}|[^#\\r\\n]+`;
const assignment = new RegExp(
  String.raw`^(?<head>\s*(?:export\s+)?(?<name>[\w.-]+)${separator})(?<value>${value})?\s*(?:#.*)?$`,
  'dgm',
);

function withValue(text: string, name: string, value: string, parse: DotenvParser): string {
  const before = parse(text);
  const eol = lineEndOf(text);
  for (const form of formsOf(value)) {
    const edited = placed(
      text,
      name,
      form.replace(/\n/gu, () => eol),
      eol,
    );
    if (isOnlyChange(before, parse(edited), name, value)) return edited;
  }
  throw new VaultError('value_unwritable', `${name} cannot be written without changing another entry of the file`, {
    hint: 'look for a quote that is opened and never closed in the env file',
  });
}

/** Cuts and joins; never `replace` with a text, in which `$1` and `$&` of a value would mean something. */
function placed(text: string, name: string, form: string, eol: string): string {
  const last = assignmentsIn(text).findLast((one) => one.name === name);
  if (last !== undefined) return text.slice(0, last.start) + form + text.slice(last.end);
  if (text === '' || text === '\uFEFF') return `${text}${name}=${form}${eol}`;
  return /[\r\n]$/u.test(text) ? `${text}${name}=${form}${eol}` : `${text}${eol}${name}=${form}`;
}

function isOnlyChange(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  name: string,
  value: string,
): boolean {
  if (after.get(name) !== value || after.size !== before.size + (before.has(name) ? 0 : 1)) return false;
  return [...before].every(([other, kept]) => other === name || after.get(other) === kept);
}

/** The span without the blanks around it, which stay; a line break before the value does not, since only a quote may follow one. */
function trimmed(text: string, from: number, to: number): { readonly start: number; readonly end: number } {
  const raw = text.slice(from, to);
  if (raw.trim() === '') return { start: from, end: from };
  const lead = raw.slice(0, raw.length - raw.trimStart().length);
  return { start: /[\r\n]/u.test(lead) ? from : from + lead.length, end: from + raw.trimEnd().length };
}

/** The line end that the file uses most. */
function lineEndOf(text: string): string {
  const counts = new Map<string, number>();
  for (const [end] of text.matchAll(/\r\n|\r|\n/gu)) counts.set(end, (counts.get(end) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '\n';
}
