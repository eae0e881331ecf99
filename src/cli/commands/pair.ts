import { homedir } from 'node:os';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { VaultError } from '../../core/errors.ts';
import type { PairingApp } from '../../pairing/app.ts';
import { scrubEnvironment } from '../../platform/hardening.ts';
import { createLog } from '../../platform/log.ts';
import type { Flags } from '../arguments.ts';
import { addApp, addPasskey } from '../pair/add.ts';
import { agentOfShell } from '../pair/agent-shell.ts';
import { listOf } from '../pair/list.ts';
import { removeApprover, resetApprovers } from '../pair/take-away.ts';
import { Interrupted, interruptedCode, openTerminal } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

type PairFlags = Pick<Flags, 'name' | 'totp' | 'list' | 'remove' | 'reset'>;

/** Says who may approve, or changes it. Only a person at a terminal can. */
export async function pair(flags: PairFlags): Promise<number> {
  if (flags.list === true) return list();
  refuseWithoutPerson();
  const terminal = openTerminal();
  try {
    const app = await open();
    try {
      await change(app, terminal, flags);
    } finally {
      await app.close();
    }
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown;
    terminal.say('\nNothing was changed.');
    return interruptedCode;
  } finally {
    terminal.close();
  }
}

function change(app: PairingApp, terminal: Terminal, flags: PairFlags): Promise<void> {
  const { name, totp, remove, reset } = flags;
  if (reset === true) return resetApprovers(app, terminal);
  if (remove !== undefined) return removeApprover(app, terminal, remove);
  return totp === true ? addApp({ app, terminal, name }) : addPasskey({ app, terminal, name });
}

async function list(): Promise<number> {
  const { readApprovers } = await import('../../pairing/app.ts');
  process.stdout.write(`${listOf(await readApprovers(createLog()))}\n`);
  return 0;
}

async function open(): Promise<PairingApp> {
  const log = createLog();
  // A copy: tokens leave the environment as soon as they have been read.
  const where = { cwd: process.cwd(), env: { ...process.env }, home: homedir() };
  const reload = (): Promise<Config> => loadConfig(where);
  const config = await reload();
  scrubEnvironment(config.tokens);
  for (const notice of config.notices) log.once(notice);
  const { openPairingApp } = await import('../../pairing/app.ts');
  return openPairingApp({ config, reload, log });
}

/** What has no terminal is a program. One that makes itself a terminal gets through, which is why this is no boundary. */
function refuseWithoutPerson(): void {
  const { stdin, stdout, stderr, env } = process;
  if (!stdin.isTTY || !stdout.isTTY || !stderr.isTTY)
    throw new VaultError('input_invalid', 'pairing needs a person at a terminal, and this is none', {
      hint: 'run it by hand in a terminal window, without a pipe',
    });
  const agent = agentOfShell(env);
  if (agent === null) return;
  throw new VaultError('input_invalid', `this is a shell of ${agent}, and an agent must not choose who approves`, {
    hint: 'run it in a terminal window of your own',
  });
}
