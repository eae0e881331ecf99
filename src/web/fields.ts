/** The text of a field; empty where it was left out. */
export type Fields<Name extends string> = (name: Name) => string;

/** Null unless every field of the form comes once, and there are no others than these. */
export function readFields<Name extends string>(body: unknown, names: readonly Name[]): Fields<Name> | null {
  if (typeof body !== 'string') return null;
  const pairs = [...new URLSearchParams(body)];
  const given = new Map(pairs);
  const known: ReadonlySet<string> = new Set(names);
  const isOurs = given.size === pairs.length && pairs.every(([name]) => known.has(name));
  return isOurs ? (name) => given.get(name) ?? '' : null;
}
