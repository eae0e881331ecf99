import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../core/canonical.ts';
import { dotenvParser, slowToParse } from '../providers/index.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Path = readonly (string | number)[];

/** The value of a variable; undefined where it is not set or empty. */
export type Variables = (name: string) => string | undefined;

/** Whether the process's own environment sets it. */
export function isSet(env: Environment, name: string): boolean {
  return nonEmpty(Object.hasOwn(env, name) ? env[name] : undefined) !== undefined;
}

/** A reference whose variable is not set, and where it stands. */
export interface Missing {
  readonly path: Path;
  readonly name: string;
}

/**
 * The process's own environment, then the file `.env` of this folder, if there is one. A folder without one, or with a directory of that
 * name (Python's virtual environments), adds nothing; neither does one that cannot be read, or that would take the parser long: `onFault`
 * hears of these.
 */
export async function openVariables(
  env: Environment,
  folder: string | null,
  onFault: (file: string) => void,
): Promise<Variables> {
  const text = folder === null ? '' : await textOf(join(folder, '.env'), onFault);
  const beside = text === '' ? new Map<string, string>() : (await dotenvParser())(text);
  return (name) => nonEmpty(Object.hasOwn(env, name) ? env[name] : undefined) ?? nonEmpty(beside.get(name));
}

async function textOf(file: string, onFault: (file: string) => void): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (slowToParse(text) === null) return text;
    onFault(file);
    return '';
  } catch (thrown) {
    if (!isAbsent(thrown) && codeOf(thrown) !== 'EISDIR') onFault(file);
    return '';
  }
}

/** Replaces every text of the form `env:NAME` by the variable's value. Where there is none, the text stays and is reported. */
export function expand(given: JsonObject, variables: Variables): { value: JsonObject; missing: readonly Missing[] } {
  const missing: Missing[] = [];
  return { value: expandedObject(given, [], { variables, missing }), missing };
}

interface Expansion {
  readonly variables: Variables;
  readonly missing: Missing[];
}

function expanded(value: Json, path: Path, expansion: Expansion): Json {
  if (typeof value === 'string') return valueOf(value, path, expansion);
  if (isList(value)) return value.map((item, at) => expanded(item, [...path, at], expansion));
  return isObject(value) ? expandedObject(value, path, expansion) : value;
}

function expandedObject(value: JsonObject, path: Path, expansion: Expansion): JsonObject {
  const members = Object.entries(value);
  return Object.fromEntries(members.map(([key, member]) => [key, expanded(member, [...path, key], expansion)]));
}

/** The variable that a text of the form `env:NAME` refers to; null for any other text. */
export function referenceOf(text: string): string | null {
  return text.startsWith('env:') ? text.slice('env:'.length).trim() : null;
}

function valueOf(text: string, path: Path, { variables, missing }: Expansion): string {
  const name = referenceOf(text);
  if (name === null) return text;
  const value = variables(name);
  if (value === undefined) missing.push({ path, name });
  return value ?? text;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether this error says that there is no such file. */
export function isAbsent(thrown: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(thrown));
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
