/** What dotenv reads in a text: names and values, the last assignment of a name winning. */
export type DotenvParser = (text: string) => ReadonlyMap<string, string>;

/**
 * `dotenv.parse` and nothing else of dotenv: its `config` prints on stdout as soon as DOTENV_DEBUG is set, and takes paths from the
 * environment. Loaded with the first file. The map holds real names only: no `constructor` that nobody wrote.
 * A text that `slowToParse` names can stop the process for minutes.
 */
export async function dotenvParser(): Promise<DotenvParser> {
  const { parse } = await import('dotenv');
  return (text) => new Map(Object.entries(parse(text)));
}
