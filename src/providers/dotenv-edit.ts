import { VaultError } from '../core/errors.ts';
import type { DotenvParser } from './dotenv-parser.ts';
import { formsOf } from './dotenv-forms.ts';

/** Where the value of one assignment stands in a text, quotes included; an empty span where there is none. */
export interface Assignment {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Characters times values that are edited step by step, each step with a parse of the whole: a second or so. */
const mostSteps = 20_000_000;

/**
 * The text with these values set: the last assignment of each name is replaced, a new name is added at the end; nothing else changes.
 * The result is read back with the parser: if another name would change or a value not come out exactly, throws `value_unwritable`.
 */
export function withValues(text: string, values: ReadonlyMap<string, string>, parse: DotenvParser): string {
  const together = placedTogether(text, values);
  if (together !== null && isOnlyChange(parse(text), parse(together), values)) return together;
  if (text.length * values.size > mostSteps) throw tooManySteps();
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

/** All at once, each in the first form that can hold it; null where one has none. Right in all but odd files. */
function placedTogether(text: string, values: ReadonlyMap<string, string>): string | null {
  const eol = lineEndOf(text);
  const forms = new Map<string, string>();
  for (const [name, value] of values) {
    const [form] = formsOf(value);
    if (form === undefined) return null;
    forms.set(
      name,
      form.replace(/\n/gu, () => eol),
    );
  }
  return placed(text, forms, eol);
}

/** One value, in the first form in which it comes out exactly. */
function withValue(text: string, name: string, value: string, parse: DotenvParser): string {
  const before = parse(text);
  const eol = lineEndOf(text);
  for (const form of formsOf(value)) {
    const edited = placed(text, new Map([[name, form.replace(/\n/gu, () => eol)]]), eol);
    if (isOnlyChange(before, parse(edited), new Map([[name, value]]))) return edited;
  }
  throw new VaultError('value_unwritable', `${name} cannot be written without changing another entry of the file`, {
    hint: 'look for a quote that is opened and never closed in the env file',
  });
}

/** Cuts and joins; never `replace` with a text, in which `$1` and `$&` of a value would mean something. */
function placed(text: string, forms: ReadonlyMap<string, string>, eol: string): string {
  const last = new Map(assignmentsIn(text).map((one) => [one.name, one]));
  const replaced = [...forms.keys()].flatMap((name) => last.get(name) ?? []).sort((a, b) => a.start - b.start);
  const pieces: string[] = [];
  let at = 0;
  for (const { name, start, end } of replaced) {
    pieces.push(text.slice(at, start), forms.get(name) ?? '');
    at = end;
  }
  const edited = pieces.join('') + text.slice(at);
  const added = [...forms].filter(([name]) => !last.has(name)).map(([name, form]) => `${name}=${form}`);
  if (added.length === 0) return edited;
  if (edited === '' || edited === '\uFEFF' || /[\r\n]$/u.test(edited)) return edited + added.join(eol) + eol;
  return edited + eol + added.join(eol);
}

function isOnlyChange(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, string>,
): boolean {
  const added = [...values.keys()].filter((name) => !before.has(name)).length;
  if (after.size !== before.size + added) return false;
  const stays = [...before].every(([name, kept]) => values.has(name) || after.get(name) === kept);
  return stays && [...values].every(([name, value]) => after.get(name) === value);
}

function tooManySteps(): VaultError {
  return new VaultError('value_unwritable', 'the env file is too long to write so many values at once', {
    hint: 'write fewer at once, or look for a quote that is opened and never closed in the env file',
  });
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
