import process from 'node:process';

/** SIGUSR1 would open a debugger where Node does not know the flag against it, and end the process where it does. */
const ignored = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const;

type Answer = (question: unknown) => Promise<unknown>;

/**
 * The child's half of `openChild`: answers the parent's questions until the parent is gone.
 * `open` gets the greeting. An answer must not reject: that ends the process, and the parent sees a crash.
 */
export function answerParent(open: (greeting: unknown) => Answer): void {
  // The parent decides when this process ends; Ctrl-C in a terminal reaches the whole group, perhaps in the middle of a write.
  for (const signal of ignored) process.on(signal, () => undefined);
  process.once('disconnect', () => process.exit());
  let answer: Answer | null = null;
  process.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null) return;
    if ('greeting' in message) answer = open(message.greeting);
    if (answer !== null && 'id' in message && 'question' in message) void reply(message.id, answer(message.question));
  });
}

async function reply(id: unknown, answer: Promise<unknown>): Promise<void> {
  process.send?.({ id, answer: await answer });
}
