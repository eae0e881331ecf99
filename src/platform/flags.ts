export interface RefusedFlag {
  /** As Node names it: "--require". */
  readonly flag: string;
  readonly from: 'the command line' | 'NODE_OPTIONS';
  /** What it does, to follow its name. */
  readonly does: string;
}

/**
 * The first flag of Node's that gives others a way into this process or its memory; null if there is none.
 * Code that such a flag has loaded runs before us and can lie to us: this finds accidents, and attacks that do not know us.
 *
 * Other flags pass. So does `--env-file`: what it sets stands in the environment like any variable, NODE_OPTIONS among them.
 * @param execArgv flags of the command line, as in `process.execArgv`
 * @param nodeOptions the variable NODE_OPTIONS
 */
export function refusedFlag(execArgv: readonly string[], nodeOptions = ''): RefusedFlag | null {
  return first(execArgv, 'the command line') ?? first(splitOptions(nodeOptions), 'NODE_OPTIONS');
}

const refused: readonly { readonly does: string; readonly flags: RegExp }[] = [
  { does: 'opens a debugger, which can read every secret', flags: /^--inspect(-.*)?$/u },
  {
    does: 'runs other code in this process, which can read every secret',
    flags:
      /^(-r|--require|--import|--loader|--experimental-loader|--experimental-(default-)?config-file|--experimental-package-map|--snapshot-blob)$/u,
  },
  {
    does: 'writes what this process holds to a file',
    flags:
      /^(--heapsnapshot-signal|--heapsnapshot-near-heap-limit|--heap-prof(-.*)?|--cpu-prof(-.*)?|--build-snapshot(-.*)?|--tls-keylog)$/u,
  },
];

function first(args: readonly string[], from: RefusedFlag['from']): RefusedFlag | null {
  for (const arg of args) {
    const flag = nameOf(arg);
    const why = refused.find(({ flags }) => flags.test(flag));
    if (why !== undefined) return { flag, from, does: why.does };
  }
  return null;
}

/** Node takes `--inspect_brk=0` for `--inspect-brk`. */
function nameOf(arg: string): string {
  return (arg.split('=', 1)[0] ?? '').replace(/_/gu, '-');
}

/** As Node splits it (ParseNodeOptionsEnvVar in node_options.cc): only spaces separate, and a backslash escapes only within quotes. */
function splitOptions(text: string): readonly string[] {
  const args: string[] = [];
  let quoted = false;
  let open = false;
  for (let at = 0; at < text.length; at += 1) {
    let char = text[at] ?? '';
    if (char === '"') quoted = !quoted;
    else if (char === ' ' && !quoted) open = false;
    else {
      if (char === '\\' && quoted) char = text[(at += 1)] ?? '';
      if (open) args.push(`${args.pop() ?? ''}${char}`);
      else args.push(char);
      open = true;
    }
  }
  return args;
}
