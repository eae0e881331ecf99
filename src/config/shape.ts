import { z } from 'zod';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Path } from './variables.ts';

/** A schema in the words of JSON Schema: what may be written, as data. */
export type Shape = JsonObject;

export function shapeOf(schema: z.ZodType): Shape {
  const shape: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return isObject(shape) ? shape : {};
}

/** The keys an object of this shape may have, each with its own shape. */
export function keysOf(shape: Shape): ReadonlyMap<string, Shape> {
  const properties = isObject(shape['properties']) ? Object.entries(shape['properties']) : [];
  return new Map(properties.map(([key, inner]) => [key, isObject(inner) ? inner : {}]));
}

/** The shape of a list's items. */
export function itemsOf(shape: Shape): Shape {
  return isObject(shape['items']) ? shape['items'] : {};
}

/** The shape of what stands at a path; an empty one where it does not say. */
export function shapeAt(shape: Shape, path: Path): Shape {
  const [step, ...rest] = path;
  if (step === undefined) return shape;
  const members = isObject(shape['additionalProperties']) ? shape['additionalProperties'] : {};
  const inner = typeof step === 'number' ? itemsOf(shape) : (keysOf(shape).get(step) ?? members);
  return shapeAt(inner, rest);
}

/** What a value must be, in words: "a whole number from 0 to 65535". */
export function words(shape: Shape): string {
  const choices = shape['anyOf'] ?? shape['oneOf'];
  if (isList(choices)) return anyOf(choices.map((choice) => (isObject(choice) ? words(choice) : '')));
  if ('const' in shape) return JSON.stringify(shape['const']);
  if (isList(shape['enum'])) return anyOf(shape['enum'].map((value) => JSON.stringify(value)));
  if (shape['type'] === 'number') return `a number${range(shape)}`;
  if (shape['type'] === 'integer') return `a whole number${range(shape)}`;
  if (shape['type'] === 'boolean') return 'true or false';
  if (shape['type'] === 'string') return shape['minLength'] === 1 ? 'text that is not empty' : 'text';
  if (shape['type'] === 'array') return listOf(shape);
  return shape['type'] === 'object' ? 'an object in braces' : 'something else';
}

function listOf(shape: Shape): string {
  const items = itemsOf(shape);
  const known = isList(items['enum']) ? ` of ${anyOf(items['enum'].map((value) => JSON.stringify(value)))}` : '';
  return `a list${known}${shape['minItems'] === 1 && known === '' ? ' that is not empty' : ''}`;
}

function anyOf(choices: readonly string[]): string {
  const last = choices.at(-1) ?? '';
  return choices.length < 2 ? last : `${choices.slice(0, -1).join(', ')} or ${last}`;
}

function range({ minimum, maximum }: Shape): string {
  return typeof minimum === 'number' && typeof maximum === 'number' ? ` from ${minimum} to ${maximum}` : '';
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
