import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Act =
  | { readonly act: 'read' | 'remove' | 'list' | 'mkdir'; readonly path: string }
  | { readonly act: 'write'; readonly path: string; readonly text: string }
  | { readonly act: 'rename' | 'symlink'; readonly path: string; readonly to: string }
  | { readonly act: 'signal'; readonly pid: number; readonly signal: NodeJS.Signals }
  | {
      readonly act: 'run';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string | null;
      readonly timeoutMs: number;
    };

export type Deed = Act & { readonly id: number };
export type DeedReply = { readonly id: number } & (
  { readonly result: unknown } | { readonly code: string; readonly message: string }
);

/** The system did not let the agent's account do it. */
export class NotAllowed extends Error {}

const refused: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT']);

/** Root may be anybody; without it everything runs as one user, and no set-up separates the broker. */
export const isRoot = process.env['REDTEAM_ACCOUNTS'] === 'two';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** What the agent does on the machine, as its own account. */
export class Hands {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: DeedReply) => void>();
  #next = 1;

  constructor({ uid, gid, home }: Account, env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'hand.ts')], {
      cwd: home,
      env: { ...env, HOME: home },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      ...(isRoot ? { uid, gid } : {}),
    });
    this.#child.on('message', (reply: DeedReply) => this.#waiting.get(reply.id)?.(reply));
  }

  read(path: string): Promise<string> {
    return this.#do({ act: 'read', path }) as Promise<string>;
  }

  async write(path: string, text: string): Promise<void> {
    await this.#do({ act: 'write', path, text });
  }

  async remove(path: string): Promise<void> {
    await this.#do({ act: 'remove', path });
  }

  async rename(path: string, to: string): Promise<void> {
    await this.#do({ act: 'rename', path, to });
  }

  async symlink(path: string, to: string): Promise<void> {
    await this.#do({ act: 'symlink', path, to });
  }

  async mkdir(path: string): Promise<void> {
    await this.#do({ act: 'mkdir', path });
  }

  /** Every regular file below a folder. */
  list(path: string): Promise<string[]> {
    return this.#do({ act: 'list', path }) as Promise<string[]>;
  }

  async signal(pid: number, signal: NodeJS.Signals): Promise<void> {
    await this.#do({ act: 'signal', pid, signal });
  }

  /** Runs a program to its end, at most 30 seconds. */
  run(
    command: string,
    args: readonly string[],
    options: { env?: Record<string, string>; cwd?: string } = {},
  ): Promise<Ran> {
    const { env = {}, cwd = null } = options;
    return this.#do({ act: 'run', command, args, env, cwd, timeoutMs: 30_000 }) as Promise<Ran>;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  async #do(act: Act): Promise<unknown> {
    const id = (this.#next += 1);
    const reply = await new Promise<DeedReply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ ...act, id });
    });
    this.#waiting.delete(id);
    if ('result' in reply) return reply.result;
    if (!('code' in reply)) return undefined;
    throw refused.has(reply.code) ? new NotAllowed(reply.message) : new Error(`${act.act}: ${reply.message}`);
  }
}

/** Does in this process what belongs to an account's files. Nothing else may run meanwhile. */
export async function inAccount<T>({ uid, gid }: Account, work: () => Promise<T>): Promise<T> {
  if (!isRoot) return work();
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
