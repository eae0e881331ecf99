import { createInterface } from 'node:readline';

/** A person at a terminal: what they are told and what they answer. */
export interface Terminal {
  say(text: string): void;
  /** One line; empty if there is none to come. Rejects with `Interrupted`. What was typed before the question is no answer to it. */
  ask(question: string): Promise<string>;
  /** Aborted by Ctrl-C and by the signals that end a process. */
  readonly signal: AbortSignal;
  close(): void;
}

/** The person, or the system, ended the command. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The exit code of a command that was ended by Ctrl-C. */
export const interruptedCode = 130;

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes stdin until it is closed. */
export function openTerminal(): Terminal {
  const { stdin, stdout } = process;
  const end = new AbortController();
  const interrupt = (): void => end.abort(new Interrupted('interrupted'));
  for (const signal of endings) process.on(signal, interrupt);
  // Read and thrown away while nothing is asked.
  stdin.resume();
  return {
    signal: end.signal,
    say: (text) => void stdout.write(`${text}\n`),
    ask: async (question) => {
      try {
        return await answerTo(question, end.signal, interrupt);
      } finally {
        stdin.resume();
      }
    },
    close: () => {
      for (const signal of endings) process.off(signal, interrupt);
      stdin.pause();
    },
  };
}

function answerTo(question: string, signal: AbortSignal, interrupt: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: true, historySize: 0 });
    // Before it is closed, which would count as an empty answer.
    const stop = (): void => {
      reject(new Interrupted('interrupted'));
      lines.close();
    };
    lines.on('SIGINT', interrupt);
    // At the end of the input (Ctrl-D), or when it was closed after the answer, which is then settled.
    lines.on('close', () => {
      signal.removeEventListener('abort', stop);
      resolve('');
    });
    lines.question(question, (answer) => {
      resolve(answer.trim());
      lines.close();
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
