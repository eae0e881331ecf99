/** Why an env file cannot hold a value, in words that go after "it"; null if it can. Never quotes the value. */
export function unholdable(value: string): string | null {
  const reason = flaws.find(({ found }) => found(value))?.reason;
  if (reason !== undefined) return reason;
  if (formsOf(value).length > 0) return null;
  return value.endsWith('\\')
    ? 'ends with a backslash and holds spaces, quotes, # or nothing else, which no way of quoting keeps'
    : 'holds every kind of quote, which no way of quoting keeps';
}

/**
 * The ways to write a value so that dotenv (both of its parsers) and Node's `util.parseEnv` read exactly this value, best first.
 * Empty if there is none. A value that ends with a backslash cannot be quoted: dotenv takes the closing quote for an escaped one and
 * swallows the lines after it.
 */
export function formsOf(value: string): readonly string[] {
  if (value.endsWith('\\')) return /^[^\s'"`#]+$/u.test(value) ? [value] : [];
  const forms: string[] = [];
  if (!value.includes("'")) forms.push(`'${value}'`);
  if (!/"|\\[nr]/u.test(value)) forms.push(`"${value}"`);
  if (!value.includes('`')) forms.push(`\`${value}\``);
  return forms;
}

const flaws: readonly { readonly found: (value: string) => boolean; readonly reason: string }[] = [
  { found: (value) => value.includes('\0'), reason: 'holds a NUL character' },
  { found: (value) => value.includes('\r'), reason: 'holds a carriage return, which env files turn into a line feed' },
  {
    found: (value) => /[\u2028\u2029\uFEFF]/u.test(value),
    reason: 'holds a line separator or byte order mark, which parsers take as blank',
  },
  { found: (value) => !value.isWellFormed(), reason: 'holds half of a surrogate pair, which UTF-8 cannot hold' },
];
