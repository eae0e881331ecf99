import { writeFileSync, writeSync } from 'node:fs';
import inspector from 'node:inspector';
import { exitCodes } from '../core/errors.ts';
import { refusedFlag } from './flags.ts';

/**
 * Closes what Node leaves open to whoever can signal or start this process, before anything is read that is worth stealing. Ends the
 * process, saying why, where it was started with a way into it. Before that, and before any import, the entry has to listen for SIGUSR1.
 *
 * Not closed: reading our memory through the kernel (`/proc/<pid>/mem`, ptrace), which an account may do to its own processes
 * where Yama or a capability does not forbid it; and the start itself, by someone who sets LD_PRELOAD.
 */
export function harden(): void {
  refuseFlags();
  refuseDebugger();
  watchForDebugger();
  keepMemoryOffDisk();
}

/** A config may refer to these, but no process works without them. */
const needed = new Set(['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'TZ']);

/**
 * Takes variables that have been read out of the environment, so that no library prints them and no child process gets them.
 * What the kernel shows in `/proc/<pid>/environ` is the environment as it was at the start: there they stay, for this account to read.
 */
export function scrubEnvironment(names: Iterable<string>): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- assigning undefined would set it to the text "undefined"
  for (const name of names) if (!needed.has(name)) delete process.env[name];
}

function refuseFlags(): void {
  const found = refusedFlag(process.execArgv, process.env['NODE_OPTIONS']);
  if (found === null) return;
  const { flag, from, does } = found;
  const hint =
    from === 'NODE_OPTIONS'
      ? "take it out of NODE_OPTIONS; debug terminals of editors and Yarn Plug'n'Play put it there: env -u NODE_OPTIONS npx agent-vault"
      : 'start agent-vault without it';
  end(`${flag} in ${from} ${does}`, hint);
}

/** A signal before our first line opens the debugger; how soon after it depends on the scheduler (seen: up to 15 ms). */
function refuseDebugger(): void {
  if (inspector.url() !== undefined)
    end('a debugger was opened on this process', 'find out who did that, and start again');
}

/** Milliseconds. On Windows a debugger is opened without a signal, at any time. */
const watch = process.platform === 'win32' ? { every: 100, until: Infinity } : { every: 10, until: 1_000 };

function watchForDebugger(): void {
  const until = performance.now() + watch.until;
  const timer = setInterval(() => {
    refuseDebugger();
    if (performance.now() > until) clearInterval(timer);
  }, watch.every).unref();
}

/** Core files without memory, which child processes inherit, and no diagnostic reports, whatever flags ask for them. */
function keepMemoryOffDisk(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Only Linux has it. Elsewhere a core file is written only where the limit allows; `doctor` says what it is.
  }
  const { report } = process;
  report.reportOnFatalError = false;
  report.reportOnSignal = false;
  report.reportOnUncaughtException = false;
  report.excludeEnv = true;
}

/** Without closing the debugger first, Node would wait for it to disconnect, and obey it meanwhile. */
function end(message: string, hint: string): never {
  try {
    writeSync(2, `agent-vault: error: ${message}\nagent-vault: hint: ${hint}\n`);
  } catch {
    // Nobody is left to tell.
  }
  inspector.close();
  process.exit(exitCodes.config_invalid);
}
