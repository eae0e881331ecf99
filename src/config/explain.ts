import type { z } from 'zod';
import { VaultError } from '../core/errors.ts';
import { didYouMean, oneLine, shortened } from '../core/text.ts';
import { isObject } from './json.ts';
import { keysOf, shapeAt, words } from './shape.ts';
import type { Shape } from './shape.ts';
import type { Path } from './variables.ts';

/** Speaks of one config: every refusal names its file and the key. */
export interface Blame {
  /** @param what follows the key: "must be a number" */
  at(path: Path, what: string, hint?: string): VaultError;
  /** For the first thing that a schema found. `shape` is the shape of `input`; values are never repeated, they can be secrets. */
  issue(found: Found): VaultError;
}

export interface Found {
  readonly issue: z.core.$ZodIssue;
  readonly input: unknown;
  readonly shape: Shape;
  /** Where `input` stands in the config. */
  readonly place: Path;
}

/** @param source the file, or what else the config came from */
export function blame(source: string): Blame {
  const at = (path: Path, what: string, hint?: string): VaultError => {
    const key = path.length === 0 ? '' : `${keyOf(path)} `;
    return new VaultError('config_invalid', `${oneLine(source)}: ${key}${what}`, hint === undefined ? {} : { hint });
  };
  return { at, issue: (found) => explained(found, at) };
}

/** A path as people write it: `webhooks[0].url`. */
export function keyOf(path: Path): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${nameOf(step)}`))
    .join('');
}

/** Text from a config, for a message. */
export function quoted(text: string): string {
  return `"${shortened(oneLine(text), 80)}"`;
}

function explained({ issue, input, shape, place }: Found, at: Blame['at']): VaultError {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  const full = [...place, ...path];
  if (issue.code === 'unrecognized_keys')
    return unknownKey(full, issue.keys[0] ?? '', [...keysOf(shapeAt(shape, path)).keys()], at);
  if (valueAt(input, path) === undefined) return at(full, 'is missing', `it must be ${words(shapeAt(shape, path))}`);
  if (isOurs(issue.message)) return at(full, issue.message);
  return at(full, `must be ${words(shapeAt(shape, path))}`);
}

function unknownKey(path: Path, key: string, known: readonly string[], at: Blame['at']): VaultError {
  const near = didYouMean(key, known);
  const hint = near === null ? `known keys: ${known.join(', ')}` : `did you mean ${quoted(near)}?`;
  return at([...path, key], 'is not a known key', hint);
}

/** Refinements speak our words; what zod says by itself is its jargon. */
function isOurs(message: string): boolean {
  return !/^(?:Invalid|Too|Unrecognized|Expected|Unexpected)/u.test(message);
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return typeof step === 'number' ? value[step] : undefined;
    return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }, input);
}

function nameOf(step: string): string {
  return /^[\w$-]+$/u.test(step) ? step : quoted(step);
}
