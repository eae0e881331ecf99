import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Log } from '../core/ports.ts';

/** A file that checkpoints are appended to, for a place that whoever can change the log cannot change. */
export interface Anchor {
  /** Never throws. A note that cannot be written is said once, and written before the next one. */
  add(note: string): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/** @param path absolute; made, mode 0600, if there is no such file */
export function createAnchor(path: string, log: Log): Anchor {
  let waiting: string[] = [];
  let work = Promise.resolve();
  const write = async (): Promise<void> => {
    const notes = waiting;
    if (notes.length === 0) return;
    waiting = [];
    try {
      // An empty line before, not after it: what a full disk cut off in the middle must not run into it.
      await append(path, notes.map((note) => `\n${note}`).join(''));
    } catch {
      waiting = [...notes, ...waiting].slice(-mostWaiting);
      log.once(
        `checkpoints cannot be appended to ${path}; each is tried again with the next`,
        'audit.anchor must be a file that this user can write, in a folder that exists',
      );
    }
  };
  return {
    add(note) {
      waiting.push(note);
      work = work.then(write);
    },
    idle: () => work,
  };
}

/** The newest cover what older ones do. */
const mostWaiting = 100;

async function append(path: string, text: string): Promise<void> {
  // Without O_NONBLOCK, a named pipe that nobody reads would hold us up.
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | nonblocking, 0o600);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is no regular file');
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows does not know it. */
const flags: Partial<Record<string, number>> = constants;
const nonblocking = flags['O_NONBLOCK'] ?? 0;
