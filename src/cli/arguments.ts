import { parseArgs } from 'node:util';
import { VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { alternatives, flagsOf, operandsOf, options } from './specs.ts';

/** The command, its flags and its operands. Throws `input_invalid` for what does not exist or does not go together. */
export function parse(argv: readonly string[]) {
  const { values, positionals } = parsed(argv);
  if (values.help === true || values.version === true) return { values, name: positionals[0] ?? 'mcp', operands: [] };
  const { name, operands } = commandIn(positionals);
  const flags = flagsOf[name] ?? [];
  const given = Object.keys(values);
  const stray = given.find((flag) => !flags.includes(flag));
  if (stray !== undefined) throw usageError(`--${stray} does not go with ${name === 'mcp' ? 'the MCP server' : name}`);
  for (const group of alternatives) {
    const [one, other] = given.filter((flag) => group.includes(flag));
    if (one !== undefined && other !== undefined) throw usageError(`--${one} and --${other} do not go together`);
  }
  return { values, name, operands };
}

export type Flags = ReturnType<typeof parse>['values'];

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    const [said = ''] = thrown instanceof Error ? thrown.message.split('. ') : [];
    throw usageError(said.charAt(0).toLowerCase() + said.slice(1));
  }
}

interface Command {
  readonly name: string;
  readonly operands: readonly string[];
}

/** A command is one word or two; what follows are its operands. */
function commandIn(positionals: readonly string[]): Command {
  const [first = 'mcp', second] = positionals;
  const words = Object.hasOwn(flagsOf, `${first} ${second}`) ? 2 : 1;
  const name = words === 2 ? `${first} ${second}` : first;
  if (!Object.hasOwn(flagsOf, name)) throw unknown(first, second);
  const operands = positionals.slice(words);
  const { what, least, most } = operandsOf[name] ?? { what: '', least: 0, most: 0 };
  const [extra] = operands.slice(most);
  if (operands.length < least) throw usageError(`${name} takes ${what}`);
  if (extra === undefined) return { name, operands };
  throw usageError(most === 0 ? `unknown command "${oneLine(extra)}"` : `${name} takes only ${what}`);
}

function unknown(first: string, second: string | undefined): VaultError {
  const parts = Object.keys(flagsOf).flatMap((name) => (name.startsWith(`${first} `) ? name.split(' ').slice(1) : []));
  if (parts.length === 0) return usageError(`unknown command "${oneLine(first)}"`);
  const all = parts.join(', ');
  if (second === undefined) return usageError(`${first} needs one of ${all}`);
  return usageError(`unknown command "${oneLine(`${first} ${second}`)}"; ${first} has ${all}`);
}

function usageError(message: string): VaultError {
  return new VaultError('input_invalid', message, { hint: 'agent-vault --help' });
}
