import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { expect, vi } from 'vitest';
import { mainFile } from './vault.ts';

/** The built command in a pseudo-terminal (util-linux's `script`), and the person in front of it. */
export class Pty {
  /** All that was shown, without colours and cursor movements. */
  text = '';
  /** The exit code. */
  readonly ended: Promise<number>;
  readonly #process: ChildProcessWithoutNullStreams;

  constructor(args: readonly string[], { cwd, env }: { cwd: string; env: Record<string, string> }) {
    const command = [process.execPath, mainFile, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    this.#process = spawn('script', ['-q', '-e', '-f', '-c', command, '/dev/null'], {
      cwd,
      env: { TERM: 'xterm', SHELL: '/bin/sh', ...env },
    });
    this.#process.stdout.on('data', (chunk: Buffer) => {
      this.text += stripVTControlCharacters(chunk.toString()).replaceAll('\r', '');
    });
    this.ended = once(this.#process, 'exit').then(([code]) => Number(code ?? -1));
  }

  /** Waits until it is on the screen; gives what is in the pattern's first parentheses. */
  async shows(pattern: RegExp): Promise<string> {
    await vi.waitFor(() => expect(this.text).toMatch(pattern), { timeout: 20_000, interval: 20 });
    return pattern.exec(this.text)?.[1] ?? '';
  }

  /** Types a line. */
  type(line: string): void {
    this.#process.stdin.write(`${line}\r`);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#process.stdin.write('\x03');
  }

  async close(): Promise<void> {
    // The terminal's end is a hang-up for what runs in it.
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}
