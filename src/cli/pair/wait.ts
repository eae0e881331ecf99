import type { Terminal } from '../terminal.ts';

/** What comes, unless the person ends the command first: then it rejects with `Interrupted`. */
export async function unlessInterrupted<Result>({ signal }: Terminal, work: Promise<Result>): Promise<Result> {
  // What nobody waits for any more must not end the process.
  work.catch(() => undefined);
  const { promise: over, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, over]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Only "y" and "yes" are a yes. */
export async function saysYes(terminal: Terminal, question: string): Promise<boolean> {
  return /^y(?:es)?$/iu.test(await terminal.ask(`${question} [y/N] `));
}
