import { resolve } from 'node:path';
import type { Json } from '../core/canonical.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { itemsOf, shapeAt } from './shape.ts';
import type { Shape } from './shape.ts';
import { referenceOf } from './variables.ts';
import type { Variables } from './variables.ts';

/** A keyed hash of a value: equal for equal values, and of no use to someone without the key. */
export type Keyed = (value: string) => string;

export interface Describing {
  /** Relative paths start here. */
  readonly folder: string;
  readonly variables: Variables;
  readonly keyed: Keyed;
}

/** What `env:NAME` becomes; `keyed` is null where the variable is not set. */
export type DescribedVariable = { readonly variable: string; readonly keyed: string | null };

/**
 * A value as it is written, but with no secret in it, and with whole paths. Which texts are secrets and which are paths is said by the
 * `writeOnly` and the `format` of their schemas.
 */
export function described(value: Json, shape: Shape, by: Describing): Json {
  if (typeof value === 'string') return describedText(value, shape, by);
  if (isList(value)) return value.map((item) => described(item, itemsOf(shape), by));
  return isObject(value) ? describedMembers(value, shape, by) : value;
}

export function describedMembers(value: JsonObject, shape: Shape, by: Describing): JsonObject {
  const members = Object.entries(value);
  return Object.fromEntries(members.map(([key, member]) => [key, described(member, shapeAt(shape, [key]), by)]));
}

export function isVariable(value: Json | undefined): value is DescribedVariable {
  return isObject(value) && typeof value['variable'] === 'string';
}

function describedText(text: string, shape: Shape, { folder, variables, keyed }: Describing): Json {
  const whole = (value: string): string => (shape['format'] === 'path' ? resolve(folder, value) : value);
  const variable = referenceOf(text);
  if (variable !== null) {
    const value = variables(variable);
    return { variable: variable.toWellFormed(), keyed: value === undefined ? null : keyed(whole(value)) };
  }
  return shape['writeOnly'] === true ? { hidden: keyed(text) } : whole(text).toWellFormed();
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
