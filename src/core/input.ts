import { VaultError } from './errors.ts';
import { oneLine, shortened, visible } from './text.ts';

/** What one call may carry. Lengths are counted in code points, values in bytes of UTF-8. */
export const limits = { name: 256, names: 200, reason: 2000, valueBytes: 64 * 1024 } as const;

/** The reason as it is shown, stored and signed: trimmed and made visible. */
export function parseReason(text: string): string {
  const trimmed = text.trim();
  const length = Array.from(trimmed).length;
  if (length === 0) throw invalid('reason is empty: say what you need the secret for');
  if (length > limits.reason) throw invalid(`reason has ${length} characters; at most ${limits.reason} are allowed`);
  return visible(trimmed);
}

/** Names without duplicates, in their order. They stay as given, for the provider to look up. */
export function parseNames(names: readonly string[]): readonly string[] {
  const unique = [...new Set(names)];
  if (unique.length === 0) throw invalid('names is empty: name at least one secret');
  if (unique.length > limits.names)
    throw invalid(`${unique.length} names in one call; at most ${limits.names} are allowed`);
  return unique.map(parseName);
}

export function parseName(name: string): string {
  const length = Array.from(name).length;
  if (length === 0 || name.trim() === '') throw invalid('a name is empty');
  if (length > limits.name) throw invalid(`a name has ${length} characters; at most ${limits.name} are allowed`);
  if (/[\p{Cc}\p{Cs}]/u.test(name)) throw invalid(`the name "${shown(name)}" holds control characters`);
  return name;
}

/** One value per name; the same name twice is folded when the values agree and refused when they differ. */
export function parseWrites(
  writes: readonly { name: string; value: string }[],
): readonly { name: string; value: string }[] {
  const byName = new Map<string, string>();
  for (const { name, value } of writes) {
    if (Buffer.byteLength(value) > limits.valueBytes) {
      throw invalid(`the value of "${shown(name)}" has more than ${limits.valueBytes} bytes`);
    }
    if (!value.isWellFormed()) throw invalid(`the value of "${shown(name)}" is not valid Unicode text`);
    if (byName.has(name) && byName.get(name) !== value) throw invalid(`two different values for "${shown(name)}"`);
    byName.set(name, value);
  }
  parseNames([...byName.keys()]);
  return [...byName].map(([name, value]) => ({ name, value }));
}

/** A name in a message: harmless, on one line, and not longer than a line. */
export function shown(name: string): string {
  return shortened(oneLine(name), 80);
}

function invalid(message: string): VaultError {
  return new VaultError('input_invalid', message);
}
