import { parseArgs } from 'node:util';
import { VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { alternatives, flagsOf, options } from './specs.ts';

/** The command and its flags. Throws `input_invalid` for what does not exist or does not go together. */
export function parse(argv: readonly string[]) {
  const { values, positionals } = parsed(argv);
  const [name = 'mcp', extra] = positionals;
  const flags = Object.hasOwn(flagsOf, name) ? flagsOf[name] : undefined;
  if (flags === undefined || extra !== undefined) throw usageError(`unknown command "${oneLine(extra ?? name)}"`);
  const given = Object.keys(values).filter((flag) => flag !== 'help' && flag !== 'version');
  const stray = given.find((flag) => !flags.includes(flag));
  if (stray !== undefined) throw usageError(`--${stray} does not go with ${name === 'mcp' ? 'the MCP server' : name}`);
  for (const group of alternatives) {
    const [one, other] = given.filter((flag) => group.includes(flag));
    if (one !== undefined && other !== undefined) throw usageError(`--${one} and --${other} do not go together`);
  }
  return { values, name };
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

function usageError(message: string): VaultError {
  return new VaultError('input_invalid', message, { hint: 'agent-vault --help' });
}
