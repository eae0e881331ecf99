import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { mainFile } from '../support/vault.ts';
import type { Scene } from './scene.ts';
import { as } from './scene.ts';

/** Our command line in a pseudo-terminal: the person’s, or one that the agent made itself. */
export class Terminal {
  text = '';
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcessWithoutNullStreams;

  constructor(scene: Scene, whose: 'owner' | 'agent', args: readonly string[]) {
    const account = scene.site[whose];
    const isOther = account.uid !== scene.site.owner.uid;
    const command = [process.execPath, mainFile, ...args].map((word) => `'${word}'`).join(' ');
    const [program, ...rest] = as(account, ['script', '-q', '-e', '-f', '-c', command, '/dev/null']);
    this.#process = spawn(program, rest, {
      cwd: isOther ? scene.site.agent.home : scene.site.project,
      env: {
        TERM: 'xterm',
        SHELL: '/bin/sh',
        ...(isOther ? { PATH: process.env['PATH'] ?? '', AGENT_VAULT_ENV_FILE: '.env.secrets' } : scene.vault.env),
      },
    });
    this.#process.stdin.on('error', () => undefined);
    this.#process.stdout.on('data', (chunk: Buffer) => {
      this.text += stripVTControlCharacters(chunk.toString()).replaceAll('\r', '');
    });
    this.ended = once(this.#process, 'exit');
    scene.onClose(() => this.close());
  }

  /** Waits until it is on the screen: what is in the pattern's first parentheses; null if the command ends before. */
  async shows(pattern: RegExp): Promise<string | null> {
    let isOver = false;
    void this.ended.then(() => (isOver = true));
    for (let tries = 0; tries < 500; tries += 1) {
      const found = pattern.exec(this.text);
      if (found !== null) return found[1] ?? '';
      if (isOver) return null;
      await setTimeout(20);
    }
    throw new Error(`the terminal does not show ${String(pattern)} but: ${this.text}`);
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\r`);
  }

  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}
