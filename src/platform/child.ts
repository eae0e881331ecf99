import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.ts';

/** `crashed`: it ended before it answered. `hung`: it did not answer in time and gets no more questions. `closed`: `close` was called. */
export type ChildEnd = 'crashed' | 'hung' | 'closed';

/** Why a question got no answer. Whether its effect took place is not known. */
export class ChildError extends Error {
  override readonly name = 'ChildError';
  readonly end: ChildEnd;

  constructor(end: ChildEnd, message: string) {
    super(message);
    this.end = end;
  }
}

export interface ChildOptions {
  /** A module that calls `answerParent`. */
  readonly entry: URL;
  /** The child's whole environment. No secrets: every process of the same user can read it. */
  readonly env: Readonly<Record<string, string>>;
  /** Sent first to every new child, over its private channel; the place for secrets. */
  readonly greeting: () => unknown;
  /** Milliseconds for one answer; then the child counts as hung, and is killed as soon as no other question waits. */
  readonly answerMs: number;
  /** Milliseconds without a question after which the child is ended to free its memory. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** A process that answers questions, so that a crash or hang of foreign code harms nothing else. */
export interface Child {
  /** Starts the process if none runs. Rejects with ChildError only. */
  ask(question: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts nothing yet. What the child prints goes nowhere: stdout carries our protocol, stderr might quote a secret. */
export function openChild(options: ChildOptions): Child {
  let all: readonly Running[] = [];
  let closed = false;
  return {
    ask: async (question) => {
      if (closed) throw new ChildError('closed', 'the child process was closed');
      all = all.filter(({ ended }) => !ended);
      const running = all.find(({ hung }) => !hung) ?? new Running(options);
      if (!all.includes(running)) all = [...all, running];
      return running.ask(question);
    },
    close: async () => {
      closed = true;
      await Promise.all(all.map((running) => running.close()));
    },
  };
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: ChildError): void;
}

class Running {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #stopIdling = (): void => undefined;
  ended = false;
  hung = false;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#process = start(options);
    this.#process.on('message', (message: unknown) => this.#hear(message));
    this.#process.on('error', (error) => this.#end('crashed', `the child process failed: ${error.name}`));
    this.#process.on('exit', (code, signal) =>
      this.#end('crashed', `the child process ended (${signal ?? code ?? 'unknown'})`),
    );
    this.#send({ greeting: options.greeting() });
  }

  ask(question: unknown): Promise<unknown> {
    const id = (this.#asked += 1);
    this.#stopIdling();
    this.#process.channel?.ref();
    const stop = this.#options.clock.after(this.#options.answerMs, () => this.#giveUp(id));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ id, question });
    }).finally(() => {
      stop();
      this.#waiting.delete(id);
      if (this.#waiting.size > 0 || this.ended) return;
      if (this.hung) this.#end('hung', 'the child process hung');
      else this.#idle();
    });
  }

  async close(): Promise<void> {
    if (this.ended) return;
    const gone = once(this.#process, 'exit');
    this.#process.ref();
    this.#end('closed', 'the child process was closed');
    await gone;
  }

  #hear(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('id' in message) || !('answer' in message)) return;
    if (typeof message.id === 'number') this.#waiting.get(message.id)?.resolve(message.answer);
  }

  /** Other questions keep their time: they may be undoing what hangs half-way. */
  #giveUp(id: number): void {
    this.hung = true;
    this.#waiting.get(id)?.reject(new ChildError('hung', 'the child process did not answer in time'));
  }

  /** An idle child must not keep this process alive. */
  #idle(): void {
    this.#process.channel?.unref();
    this.#stopIdling = this.#options.clock.after(this.#options.idleMs, () =>
      this.#end('closed', 'the child process was idle'),
    );
  }

  #end(end: ChildEnd, message: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#stopIdling();
    this.#process.kill('SIGKILL');
    for (const waiting of this.#waiting.values()) waiting.reject(new ChildError(end, message));
  }

  /** A message that cannot be sent needs no answer of its own: the channel only breaks with the process, and `exit` follows. */
  #send(message: object): void {
    this.#process.send(message, () => undefined);
  }
}

/** Node's flags for our child processes: from its first moment on, a signal opens no debugger. Older releases of Node do not know how. */
export function childFlags(): readonly string[] {
  return ['--disable-sigusr1'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
}

function start({ entry, env }: ChildOptions): ChildProcess {
  const child = fork(fileURLToPath(entry), [], {
    env: { ...env },
    execArgv: [...childFlags()],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.unref();
  return child;
}
