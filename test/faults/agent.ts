import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { TestVault } from '../support/vault.ts';
import { mainFile } from '../support/vault.ts';
import type { Book } from './book.ts';
import type { Chance } from './chance.ts';
import type { Person } from './person.ts';

export interface AgentOptions {
  readonly vault: TestVault;
  /** Which no other agent has. */
  readonly name: string;
  readonly book: Book;
  readonly person: Person;
  readonly chance: Chance;
  /** What there is to read. */
  readonly secrets: readonly string[];
}

/** A client with a server of its own, which reads and writes whatever comes to mind until its server is killed. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #client: Client;
  readonly #transport: StdioClientTransport;
  readonly #answered = Promise.withResolvers<null>();
  readonly #gone = Promise.withResolvers<null>();
  #isGone = false;
  #stderr = '';

  constructor(options: AgentOptions) {
    this.#options = options;
    const { vault, name } = options;
    this.#client = new Client({ name, version: '1.0' }, { capabilities: {} });
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args: [mainFile],
      cwd: vault.folder,
      env: vault.env,
      stderr: 'pipe',
    });
    this.#transport.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      options.person.look(this.#stderr);
    });
    this.#client.onclose = () => {
      this.#isGone = true;
      this.#answered.resolve(null);
      this.#gone.resolve(null);
    };
  }

  /**
   * Works until SIGKILL comes, so many milliseconds after the start or after the first answer; resolves when nothing is left of it. How fast
   * the machine is at the moment decides how much is done.
   */
  async live(ms: number, after: 'start' | 'answer'): Promise<void> {
    const connecting = this.#client.connect(this.#transport);
    const killing = (after === 'start' ? sleep(0) : this.#answered.promise)
      .then(() => sleep(ms))
      .then(() => this.#kill());
    try {
      await connecting;
      await Promise.all([this.#work(), this.#work(), this.#work()]);
    } catch {
      // Killed before it had answered for the first time.
    }
    await killing;
    await this.#gone.promise;
  }

  #kill(): void {
    const { pid } = this.#transport;
    if (this.#isGone || pid === null) throw new Error(`a server ended by itself: ${this.#stderr}`);
    process.kill(pid, 'SIGKILL');
  }

  async #work(): Promise<void> {
    const { chance } = this.#options;
    while (!this.#isGone) {
      await this.#act().catch(() => undefined);
      await sleep(chance.below(30));
    }
  }

  async #act(): Promise<void> {
    const { chance, secrets, book, name: agent } = this.#options;
    if (chance.once(5)) return this.#write(`NEW_${chance.below(4)}`);
    if (chance.once(5)) {
      const names = [...new Set([chance.of(secrets), chance.of(secrets)])];
      const { text, status } = await this.#call('get_secrets', { names });
      if (status === 'approved') for (const name of Object.keys(JSON.parse(text) as object)) book.received(agent, name);
      return;
    }
    const name = chance.of(secrets);
    const { status } = await this.#call('get_secret', { name });
    if (status === 'approved') book.received(agent, name);
  }

  async #write(name: string): Promise<void> {
    const { book, name: agent, chance } = this.#options;
    const { status } = await this.#call('set_secret', { name, value: `value ${chance.next()}` });
    if (status === 'approved') book.saved(agent, name);
  }

  async #call(tool: string, args: Record<string, unknown>): Promise<{ text: string; status: unknown }> {
    const all = { vault: 'local', reason: 'a test of faults', ...args };
    const result = (await this.#client.callTool({ name: tool, arguments: all })) as CallToolResult;
    this.#answered.resolve(null);
    const [content] = result.content;
    return {
      text: content?.type === 'text' ? content.text : '',
      status: result._meta?.['agent-vault/status'],
    };
  }
}
