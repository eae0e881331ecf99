import { isVariable } from '../config/described.ts';
import type { Json } from '../core/canonical.ts';
import { oneLine, shortened } from '../core/text.ts';

/** A length of time, never longer than the truth: "1 day", "1 hour 30 minutes". @param ms milliseconds */
export function timeInWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds === 0) return ms > 0 ? 'less than a second' : '0 seconds';
  const parts = [
    { count: Math.floor(seconds / 86_400), unit: 'day' },
    { count: Math.floor(seconds / 3600) % 24, unit: 'hour' },
    { count: Math.floor(seconds / 60) % 60, unit: 'minute' },
    { count: seconds % 60, unit: 'second' },
  ].filter(({ count }) => count > 0);
  return parts.map(({ count, unit }) => counted(count, unit)).join(' ');
}

export function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Text of a config inside a sentence of ours. What could be taken for a part of the sentence stands in quotes. */
export function told(text: string): string {
  const harmless = oneLine(shortened(text, 200));
  return /^[\w./-][\w./:@\\-]*$/u.test(harmless) ? harmless : `"${harmless.replaceAll('"', '\\"')}"`;
}

/** A described value inside a sentence. */
export function toldValue(value: Json | undefined): string {
  if (typeof value === 'string') return told(value);
  if (isVariable(value)) return `(the value of the variable ${told(value.variable)})`;
  if (Array.isArray(value)) return inList(value.map((item: Json) => toldValue(item)));
  if (typeof value === 'object' && value !== null && 'hidden' in value) return 'a value written in the config';
  return told(JSON.stringify(value ?? null));
}

/** A described secret, as what it is used with. */
export function toldSecret(value: Json | undefined): string {
  if (isVariable(value)) return `the variable ${told(value.variable)}`;
  return 'a value written in the config';
}

/** "a, b and c". */
export function inList(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
