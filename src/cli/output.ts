/** What reads our output has stopped: `head` has seen enough. */
export class Unread extends Error {
  override readonly name = 'Unread';
}

/** Writes to stdout and waits while its reader is slow. Rejects with `Unread` where nobody reads any more. */
export function put(text: string): Promise<void> {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) stdout.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new Unread('nobody reads', { cause: error }));
    });
  });
}

/** How many columns the terminal has; without one, lines may be as long as they like. */
export function terminalWidth(): number {
  const { isTTY, columns } = process.stdout;
  // Some pseudo-terminals say 0.
  return isTTY ? columns || 80 : Infinity;
}
