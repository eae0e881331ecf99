import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Toolbox } from '../install/toolbox.ts';
import type { TestVault } from '../support/vault.ts';
import { mainFile } from '../support/vault.ts';
import type { Agent } from './agent.ts';
import type { Mind } from './scripted-model.ts';
import { ScriptedModel } from './scripted-model.ts';

export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly [key: string]: unknown };
  readonly result?: { readonly [key: string]: unknown };
}

/** Milliseconds. */
const patience = 60_000;

/** One run of a client in a vault's folder, between a scripted model and our built server. */
export class Conversation {
  readonly model: ScriptedModel;
  readonly #vault: TestVault;
  readonly #home: string;
  readonly #client: ChildProcess;
  readonly #closed: Promise<unknown>;
  /** What the client printed. */
  output = '';

  private constructor(options: { model: ScriptedModel; vault: TestVault; home: string; client: ChildProcess }) {
    this.model = options.model;
    this.#vault = options.vault;
    this.#home = options.home;
    this.#client = options.client;
    this.#closed = once(options.client, 'close');
    for (const stream of [options.client.stdout, options.client.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  static async start({ agent, tools, vault, mind }: { agent: Agent; tools: Toolbox; vault: TestVault; mind: Mind }) {
    const model = await ScriptedModel.open(agent.dialect, mind);
    const home = await mkdtemp(join(tmpdir(), 'agent-vault-home-'));
    const server = ['sh', await recorder(vault)] as const;
    const { command, env } = await agent.prepare({ tools, home, modelUrl: model.url, server });
    const client = spawn(command[0], command.slice(1), {
      cwd: vault.folder,
      // Nothing of the machine's own: a key or a proxy in it would lead elsewhere.
      env: { ...vault.env, HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that whatever it leaves behind can be ended with it.
      detached: true,
    });
    return new Conversation({ model, vault, home, client });
  }

  /** The link that our server says on stderr, where a person would find it. */
  async link(): Promise<string> {
    let link: string | undefined;
    await this.until(async () => (link = linkIn(await this.stderr())) !== undefined);
    return link ?? '';
  }

  /** What our server said on stderr. */
  stderr(): Promise<string> {
    return this.#recorded('stderr.txt');
  }

  /** What the client sent to our server, in order. */
  fromClient(): Promise<Message[]> {
    return this.#messages('from-client.jsonl');
  }

  /** What our server sent to the client, in order. */
  fromServer(): Promise<Message[]> {
    return this.#messages('from-server.jsonl');
  }

  /** Waits until something holds that takes the client some time. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + patience; Date.now() < end; await setTimeout(50)) if (await holds()) return;
    throw new Error(`still not so; the client printed: ${this.output}`);
  }

  /** Waits for the client to end its conversation well, and for our server to end with it. */
  async ended(): Promise<void> {
    expect(await this.#closed, this.output).toEqual([0, null]);
    const started = (await this.#recorded('pids.txt')).split('\n').filter((line) => line !== '');
    expect(started).not.toEqual([]);
    await this.until(() => !started.some((pid) => isAlive(Number(pid))));
  }

  async close(): Promise<void> {
    const { pid } = this.#client;
    if (pid !== undefined && isAlive(-pid)) process.kill(-pid, 'SIGKILL');
    await this.model.close();
    await rm(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  async #messages(name: string): Promise<Message[]> {
    // The last piece may be half a message.
    const lines = (await this.#recorded(name)).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Message);
  }

  #recorded(name: string): Promise<string> {
    return readFile(join(this.#vault.folder, name), 'utf8').catch(() => '');
  }
}

function linkIn(text: string): string | undefined {
  return /https?:\/\/\S+\/approve\/\S+\n/u.exec(text)?.[0].trimEnd();
}

/**
 * A script that starts our server and keeps what passes between it and its client, which shows nobody the server's stderr.
 * Not every client hands its own environment on.
 */
async function recorder({ folder, env: { PATH: _, ...env } }: TestVault): Promise<string> {
  const at = (name: string): string => `'${join(folder, name)}'`;
  const file = join(folder, 'server.sh');
  const server = `sh -c 'echo $$ >>"$0"; exec "$@"' ${at('pids.txt')} '${process.execPath}' '${mainFile}'`;
  const record = `tee -a ${at('from-client.jsonl')} | ${server} 2>>${at('stderr.txt')} | tee -a ${at('from-server.jsonl')}`;
  const settings = Object.entries(env).map(([name, value]) => `export ${name}='${value}'\n`);
  await writeFile(file, `${settings.join('')}${record}\n`);
  return file;
}

/** A process or, for a negative number, any of a group. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !hasEnded(pid);
}

/** What has ended stays in the system's table until its parent looks; some that adopt processes take their time. */
function hasEnded(pid: number): boolean {
  const status = join('/proc', String(pid), 'stat');
  return existsSync(status) && / Z /u.test(readFileSync(status, 'utf8'));
}
