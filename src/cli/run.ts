import { exitCodes, VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { packageVersion } from '../platform/package.ts';
import type { Flags } from './arguments.ts';
import { usage } from './specs.ts';

/** Runs one command and ends the process with its exit code: the only place that exits. */
export async function run(argv: readonly string[]): Promise<void> {
  const code = await command(argv).catch(complain);
  // What was printed goes out first; but neither a library that is still busy nor a reader that has stopped keeps us.
  const exit = (): void => process.exit(code);
  setTimeout(exit, 100);
  process.stdout.write('', exit);
}

async function command(argv: readonly string[]): Promise<number> {
  if (argv.length === 0) {
    const { mcp } = await import('./commands/mcp.ts');
    return mcp();
  }
  const { parse } = await import('./arguments.ts');
  const { values, name, operands } = parse(argv);
  if (values.help === true) return print(usage);
  if (values.version === true) return print(`${packageVersion()}\n`);
  const [first = '', part = ''] = name.split(' ');
  return runs[first]?.(values, part, operands) ?? command([]);
}

type Run = (flags: Flags, part: string, operands: readonly string[]) => Promise<number>;

/** The commands with a name; each loads what it needs. `part` is the second word of those that have two. */
const runs: Readonly<Record<string, Run>> = {
  demo: async ({ auto, keep }) => {
    const { demo } = await import('./commands/demo.ts');
    const terminal = process.stdout.isTTY && process.stdin.isTTY;
    return demo({ auto: auto === true || !terminal, keep: keep ?? null });
  },
  pair: async (flags) => {
    const { pair } = await import('./commands/pair.ts');
    return pair(flags);
  },
  doctor: async ({ json }) => {
    const { doctor } = await import('./commands/doctor.ts');
    return doctor({ json: json === true });
  },
  audit: async (flags, part, operands) => {
    const { audit } = await import('./commands/audit.ts');
    return audit(part, flags, operands);
  },
  webhooks: async (flags, part, operands) => {
    const { webhooks } = await import('./commands/webhooks.ts');
    return webhooks(part, flags, operands);
  },
};

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
  return exitCodes[known ? thrown.failure : 'internal'];
}
