import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** Whether this user may mount what nobody else sees. */
export const canMount =
  process.geteuid?.() === 0 && works('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt');

/** Whether a disk can be made to fail as if by itself. */
export const canBreak =
  canMount && works('mkfs.ext4', '-V') && existsSync('/sys/fs/ext4') && existsSync('/dev/loop-control');

/** A disk of its own in a folder. It is seen only by what is started with `command`. */
export class Disk {
  readonly folder: string;
  readonly #home: string;
  readonly #holder: ChildProcess;
  #copies = 0;

  static async open(kind: 'memory' | 'file', sizeInKiB: number): Promise<Disk> {
    const home = await mkdtemp(join(tmpdir(), 'agent-vault-disk-'));
    const folder = join(home, 'mounted');
    await mkdir(folder);
    const holder = spawn('unshare', ['--mount', 'sh', '-c', 'echo ready; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(createInterface(holder.stdout), 'line');
    const disk = new Disk(home, folder, holder);
    onTestFinished(() => disk.#close());
    if (kind === 'memory') disk.run(`mount -t tmpfs -o size=${sizeInKiB}k tmpfs ${folder}`);
    else {
      disk.run(`truncate -s ${sizeInKiB}k ${disk.#image} && mkfs.ext4 -q ${disk.#image}`);
      disk.mount();
    }
    return disk;
  }

  private constructor(home: string, folder: string, holder: ChildProcess) {
    this.#home = home;
    this.folder = folder;
    this.#holder = holder;
  }

  /** Copies a database that nobody writes at the moment to where the test can open it. */
  copy(name: string): string {
    const target = join(this.#home, `copy-${(this.#copies += 1)}`);
    for (const end of ['', '-wal']) {
      const source = this.#outside(`${name}${end}`);
      if (existsSync(source)) copyFileSync(source, `${target}${end}`);
    }
    return target;
  }

  remove(name: string): void {
    rmSync(this.#outside(name));
  }

  /** Starts a program where the disk is. */
  command(...program: readonly string[]): [string, ...string[]] {
    const within = ['-t', String(this.#holder.pid), '-m'];
    return ['nsenter', ...within, 'sh', '-c', 'cd "$0" && exec "$@"', this.#home, ...program];
  }

  run(script: string): void {
    const [command, ...args] = this.command('sh', '-c', script);
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${script}: ${stderr}`);
  }

  mount(): void {
    this.run(`mount -o loop,errors=remount-ro ${this.#image} ${this.folder}`);
  }

  /** What a kernel does after a disk has failed: nothing can be written any more, whoever has a file open. */
  fail(): void {
    this.run(
      `device=$(findmnt -n -o SOURCE ${this.folder}) && echo faulty > /sys/fs/ext4/$(basename $device)/trigger_fs_error`,
    );
  }

  /** SQLite cannot open a path like this: it takes the link within for one to the test's own root. */
  #outside(name: string): string {
    return `/proc/${this.#holder.pid}/root${join(this.folder, name)}`;
  }

  get #image(): string {
    return join(this.#home, 'image');
  }

  async #close(): Promise<void> {
    // With the last process in it goes the namespace, and with that the disk.
    const ended = once(this.#holder, 'close');
    this.#holder.stdin?.end();
    await ended;
    await rm(this.#home, { recursive: true, force: true });
  }
}

function works(...[command = '', ...args]: string[]): boolean {
  return spawnSync(command, args).status === 0;
}
