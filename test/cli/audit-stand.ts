import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { auditPublicKey } from '../../src/audit/key.ts';
import { LivedWorld } from '../audit/lived.ts';
import { mainFile } from '../support/vault.ts';

/** What an agent may say: escape sequences, a right-to-left override, a zero-width space, line breaks, a formula. */
export const hostile = '=1+1\n\u001b[31mred\u202egnp.exe\u200b\u009b2J';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A log that the real broker has written, and the command line beside it. */
export class AuditStand {
  readonly world: LivedWorld;

  static async open(live: (world: LivedWorld) => Promise<void> = usual): Promise<AuditStand> {
    const world = await LivedWorld.open({ ttlMs: 600_000 });
    await live(world);
    await world.end();
    return new AuditStand(world);
  }

  private constructor(world: LivedWorld) {
    this.world = world;
  }

  get file(): string {
    return this.world.file;
  }

  get folder(): string {
    return dirname(this.world.file);
  }

  /** The public key, as others get it. */
  async vkey(): Promise<string> {
    return (await auditPublicKey(this.world.stateFolder)) ?? '';
  }

  run(...args: string[]): Promise<Ended> {
    return this.runWith({}, ...args);
  }

  runWith(env: Record<string, string>, ...args: string[]): Promise<Ended> {
    return ended(this.#spawn([process.execPath, mainFile, ...args], env));
  }

  /** The command, and what reads its output, in a shell. */
  piped(command: string, reader: string): Promise<Ended> {
    return ended(this.#spawn(['sh', '-c', `'${process.execPath}' '${mainFile}' ${command} | ${reader}`]));
  }

  /** A command that goes on until the test has finished. Gives what it says, line by line. */
  follow(...args: string[]): AsyncIterator<string> {
    const child = this.#spawn([process.execPath, mainFile, ...args]);
    onTestFinished(() => void child.kill('SIGKILL'));
    return createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  #spawn([command = '', ...args]: readonly string[], more: Record<string, string> = {}) {
    const env = { PATH: process.env['PATH'] ?? '', AGENT_VAULT_STATE: this.world.stateFolder, ...more };
    return spawn(command, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

/** Two requests: one of two names that opened a window, which was then used twice; one that was denied. */
async function usual(world: LivedWorld): Promise<void> {
  const asked = world.read(['A', 'B'], { reason: hostile });
  await world.settle();
  await world.decide(true, undefined, { windowMs: 600_000 });
  await asked;
  world.clock.pass(60_000);
  await world.read(['A'], { reason: 'again' });
  world.clock.pass(60_000);
  await world.read(['A'], { reason: 'and again' });
  const denied = world.read(['C'], { reason: 'something else', session: world.other });
  await world.settle();
  await world.decide(false);
  await denied;
}

async function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
