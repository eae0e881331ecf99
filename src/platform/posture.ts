import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { isChangeable } from './changeable.ts';
import { tellingVariables } from './environment.ts';
import type { Variable } from './environment.ts';
import { mainFile } from './package.ts';

/** What there is to know about the place in which this process runs, for judging how well it keeps secrets. Null: cannot be told here. */
export interface Posture {
  /** The effective user. */
  readonly uid: number | null;
  /**
   * The user of the process that started us, passing over root's, which only lead from one user to another (sudo, systemd), unless
   * we are root. An agent of another user than ours cannot write what only we can. Told on Linux only.
   */
  readonly starterUid: number | null;
  readonly places: readonly Place[];
  /** Yama's; 0, also without Yama: every process of this account can read our memory; 1: only those that started us; 2, 3: none. Linux only. */
  readonly ptraceScope: number | null;
  /** Bytes of a core file, Infinity without a limit. Linux only. */
  readonly coreLimit: number | null;
  /** Whether core files of this process hold its memory; false after `harden`. Linux only. */
  readonly coreHoldsMemory: boolean | null;
  readonly variables: readonly Variable[];
  /** Whether someone answers on port 4040: the ngrok agent there shows each request, links included, to every process of this machine. */
  readonly ngrokInspector: boolean;
}

export interface Place {
  readonly what: 'state' | 'config' | 'program' | 'node';
  readonly path: string;
  /** By this user, also by changing permissions first; so by an agent that runs as the same user. */
  readonly changeable: boolean;
}

export interface PostureOptions {
  readonly stateFolder: string;
  /** Null where there is none. */
  readonly configFile: string | null;
  readonly env?: NodeJS.ProcessEnv;
  readonly inspectorPort?: number;
}

/** Looks, changes nothing, and never rejects. */
export async function posture(options: PostureOptions): Promise<Posture> {
  const { env = process.env, inspectorPort = 4040 } = options;
  const uid = process.geteuid?.() ?? null;
  return {
    uid,
    starterUid: uid === null ? null : await starterOf(uid),
    places: await places(options),
    ptraceScope: await ptraceScope(),
    coreLimit: coreLimitIn(await contentOf('/proc/self/limits')),
    coreHoldsMemory: holdsMemory(await contentOf('/proc/self/coredump_filter')),
    variables: tellingVariables(env),
    ngrokInspector: await answers(inspectorPort),
  };
}

async function places({ stateFolder, configFile }: PostureOptions): Promise<readonly Place[]> {
  const all = [
    { what: 'state', path: stateFolder },
    ...(configFile === null ? [] : [{ what: 'config', path: configFile } as const]),
    { what: 'program', path: mainFile },
    { what: 'program', path: dirname(mainFile) },
    { what: 'node', path: process.execPath },
  ] as const;
  return Promise.all(all.map(async (place) => ({ ...place, changeable: await isChangeable(place.path) })));
}

/** The nearest process above us that is ours or not root's. */
async function starterOf(own: number): Promise<number | null> {
  for (let pid = process.ppid; pid > 0;) {
    const status = await contentOf(`/proc/${pid}/status`);
    const uid = wholeNumber(/^Uid:\t(\d+)/mu.exec(status)?.[1]);
    if (uid === null || uid === own || uid !== 0) return uid;
    pid = wholeNumber(/^PPid:\t(\d+)/mu.exec(status)?.[1]) ?? 0;
  }
  return null;
}

async function ptraceScope(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  return wholeNumber(await contentOf('/proc/sys/kernel/yama/ptrace_scope')) ?? 0;
}

/** A line of it reads "Max core file size        0                    unlimited            bytes": the limit, then the highest one. */
function coreLimitIn(limits: string): number | null {
  const limit = /^Max core file size +(\d+|unlimited)/mu.exec(limits)?.[1];
  return limit === 'unlimited' ? Infinity : wholeNumber(limit);
}

/** A set of bits in hexadecimal, one for each kind of memory; core(5). */
function holdsMemory(filter: string): boolean | null {
  return filter === '' ? null : /[1-9a-f]/u.test(filter);
}

function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, timeout: 500 });
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('timeout', () => resolve(false));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d+\s*$/u.test(text) ? Number(text) : null;
}

/** Empty where it cannot be read. */
function contentOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
