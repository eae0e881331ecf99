/** What dotenv reads in a text: names and values, the last assignment of a name winning. */
export type DotenvParser = (text: string) => ReadonlyMap<string, string>;

/**
 * `dotenv.parse` and nothing else of dotenv: its `config` prints on stdout as soon as DOTENV_DEBUG is set, and takes paths from the
 * environment. Loaded with the first file. The map holds real names only: no `constructor` that nobody wrote.
 */
export async function dotenvParser(): Promise<DotenvParser> {
  const { parse } = await import('dotenv');
  return (text) => new Map(Object.entries(parse(text)));
}

const mostBlankLines = 1_000;

/**
 * Whether so many blank lines follow each other that dotenv's regular expression, whose time grows with their square, would stop the
 * process: 200,000 of them took 40 seconds.
 */
export function hasTooManyBlankLines(text: string): boolean {
  let breaks = 0;
  for (let at = 0; at < text.length && breaks <= mostBlankLines; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13 || code === 0x2028 || code === 0x2029) breaks += 1;
    else if (code > 32 && (code < 0xa0 || !/\s/u.test(text.charAt(at)))) breaks = 0;
  }
  return breaks > mostBlankLines;
}
