import { parseArgs } from 'node:util';
import { failures, VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { packageVersion } from '../platform/package.ts';
import { flagsOf, options, usage } from './specs.ts';

/** Runs one command and ends the process with its exit code: the only place that exits. */
export async function run(argv: readonly string[]): Promise<void> {
  const code = await command(argv).catch(complain);
  // Whatever a library left open must not keep a client waiting; what was written to stdout goes out first.
  process.stdout.write('', () => process.exit(code));
}

async function command(argv: readonly string[]): Promise<number> {
  const { values, name } = parse(argv);
  if (values.help === true) return print(usage);
  if (values.version === true) return print(`${packageVersion()}\n`);
  if (name === 'demo') {
    const { demo } = await import('./commands/demo.ts');
    return demo({
      auto: values.auto === true || !process.stdout.isTTY || !process.stdin.isTTY,
      keep: values.keep ?? null,
    });
  }
  const { mcp } = await import('./commands/mcp.ts');
  return mcp();
}

function parse(argv: readonly string[]) {
  const { values, positionals } = parsed(argv);
  const [name = 'mcp', extra] = positionals;
  const flags = flagsOf[name];
  if (flags === undefined || extra !== undefined) throw usageError(`unknown command "${oneLine(extra ?? name)}"`);
  const stray = Object.keys(values).find((flag) => flag !== 'help' && flag !== 'version' && !flags.includes(flag));
  if (stray !== undefined) throw usageError(`--${stray} does not go with ${name === 'mcp' ? 'the MCP server' : name}`);
  return { values, name };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw usageError(thrown instanceof Error ? (thrown.message.split('. ')[0] ?? '') : 'unknown arguments');
  }
}

function usageError(message: string): VaultError {
  return new VaultError('input_invalid', message, { hint: 'agent-vault --help' });
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** One line for what is wrong, one for what to do; never a stack trace. */
function complain(thrown: unknown): number {
  const known = thrown instanceof VaultError;
  const message = known ? thrown.message : 'an internal error';
  const hint = known ? thrown.hint : undefined;
  process.stderr.write(`agent-vault: error: ${oneLine(message)}\n`);
  if (hint !== undefined) process.stderr.write(`agent-vault: hint: ${oneLine(hint).replace(/\\n/gu, '\n')}\n`);
  return failures[known ? thrown.failure : 'internal'].exit;
}
