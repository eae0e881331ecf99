import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mainFile, TestVault } from '../support/vault.ts';

const fixture = fileURLToPath(new URL('./fixtures/hardened.ts', import.meta.url));

/** A process with what it says; killed after the test. */
class Running {
  readonly child: ChildProcess;
  readonly gone: Promise<unknown>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    const child = spawn(process.execPath, args, { env: {}, ...options });
    this.child = child;
    this.gone = once(child, 'close');
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  /** Whether the text was said before the process ended. */
  async says(text: string | RegExp): Promise<boolean> {
    const all = (): string => this.stdout + this.stderr;
    const ended = this.gone.then(() => 'ended');
    while (all().search(text) === -1) {
      if ((await Promise.race([ended, setTimeout(2)])) === 'ended') return all().search(text) !== -1;
    }
    return true;
  }

  async code(): Promise<number | NodeJS.Signals | null> {
    await this.gone;
    return this.child.exitCode ?? this.child.signalCode;
  }
}

/** A server, with the port on which a debugger would listen. */
class Server extends Running {
  readonly port: number;
  #asked = 0;

  private constructor(port: number, { folder, env }: TestVault) {
    super([`--debug-port=${port}`, mainFile], { cwd: folder, env });
    this.port = port;
  }

  static async start(): Promise<Server> {
    const vault = await TestVault.open();
    onTestFinished(() => vault.close());
    return new Server(await freePort(), vault);
  }

  /** Whether the server answers. */
  async answers(): Promise<boolean> {
    const id = (this.#asked += 1);
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const method = id === 1 ? 'initialize' : 'ping';
    this.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return this.says(new RegExp(`"id":${id}\\b`, 'u'));
  }

  async hasDebugger(): Promise<boolean> {
    return this.stderr.includes('Debugger listening') || (await isOpen(this.port));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return open;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-hard-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const opened = 'agent-vault: error: a debugger was opened on this process\nagent-vault: hint: ';

describe.runIf(process.platform !== 'win32')('a debugger by SIGUSR1', () => {
  it('is opened on a process that does nothing about it', async () => {
    const other = new Running(['--debug-port=0', '-e', 'console.log("ready"); setInterval(() => undefined, 1000)']);
    await other.says('ready');
    other.child.kill('SIGUSR1');
    expect(await other.says('Debugger listening')).toBe(true);
  });

  it('is not opened on a running server, however often the signal comes', async () => {
    const server = await Server.start();
    expect(await server.answers()).toBe(true);
    for (let times = 0; times < 50; times += 1) {
      server.child.kill('SIGUSR1');
      if (times % 10 === 0) expect(await server.answers()).toBe(true);
    }
    expect(await server.answers()).toBe(true);
    expect(await server.hasDebugger()).toBe(false);
  });

  it.each(Array.from({ length: 16 }, (_, at) => at * 6))(
    'leaves no server with a debugger when the signal comes %i ms after the start',
    async (moment) => {
      const server = await Server.start();
      await setTimeout(moment);
      server.child.kill('SIGUSR1');
      const serves = (await server.answers()) && (await server.answers());
      if (serves && !(await server.hasDebugger())) return;
      const code = await server.code();
      if (code === 'SIGUSR1') return expect(server.stdout).toBe('');
      expect({ code, said: server.stderr }).toEqual({ code: 1, said: expect.stringContaining(opened) as string });
    },
  );

  it('ends the process also when someone is connected to it already', async () => {
    const hardened = new Running([fixture, 'hard', 'debugger before']);
    await hardened.says(/ws:\S+\n/u);
    const socket = new WebSocket(/ws:\S+/u.exec(hardened.stderr)?.[0] ?? '');
    await once(socket, 'open');
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.runIfWaitingForDebugger' }));
    expect(await hardened.code()).toBe(1);
    expect(hardened.stderr).toContain(opened);
  });

  it('ends the process also when it comes up a while later', async () => {
    const hardened = new Running([fixture, 'hard', 'debugger after']);
    expect(await hardened.code()).toBe(1);
    expect(hardened.stderr).toContain(opened);
  });
});

describe('a server', () => {
  async function started(flags: readonly string[], env: Record<string, string>, ...args: string[]): Promise<Running> {
    const vault = await TestVault.open();
    onTestFinished(() => vault.close());
    await writeFile(join(vault.folder, 'other.cjs'), '');
    const server = new Running([...flags, mainFile, ...args], { cwd: vault.folder, env: { ...vault.env, ...env } });
    server.child.stdin?.end();
    await server.gone;
    expect(existsSync(vault.database)).toBe(false);
    return server;
  }

  it.each(['--require=./other.cjs', '--import ./other.cjs', '--inspect=127.0.0.1:0', '--heapsnapshot-signal=SIGUSR2'])(
    'does not start with %s in NODE_OPTIONS, and says why and what to do',
    async (options) => {
      const server = await started([], { NODE_OPTIONS: `--no-warnings ${options}` });
      expect([await server.code(), server.stdout]).toEqual([1, '']);
      const flag = /^--[\w-]+/u.exec(options)?.[0] ?? '';
      expect(server.stderr).toMatch(
        new RegExp(`agent-vault: error: ${flag} in NODE_OPTIONS \\w.*\n.*: hint: \\w`, 'u'),
      );
    },
  );

  it.each([['-r', './other.cjs'], ['--inspect=127.0.0.1:0'], ['--cpu-prof', '--cpu-prof-dir=profiles']])(
    'does not start with %s on the command line',
    async (...flags) => {
      const server = await started(flags, {});
      expect([await server.code(), server.stdout]).toEqual([1, '']);
      expect(server.stderr).toMatch(/agent-vault: error: --?\w[\w-]* in the command line \w.*\n.*: hint: \w/u);
    },
  );

  it('starts with other flags', async () => {
    const flags = ['--debug-port=0', '--max-old-space-size=500'];
    const server = await started(flags, { NODE_OPTIONS: '--no-deprecation' }, '--version');
    expect([await server.code(), server.stderr]).toEqual([0, '']);
  });
});

describe('what a crash leaves behind', () => {
  const asksForReports = '--report-on-signal --report-uncaught-exception --report-on-fatalerror';

  async function reports(...args: string[]): Promise<readonly string[]> {
    const cwd = await newFolder();
    await new Running([fixture, ...args], { cwd, env: { NODE_OPTIONS: asksForReports } }).gone;
    return readdir(cwd);
  }

  it.each(['throw', 'signal'])('is no diagnostic report, whatever the flags say (%s)', async (fate) => {
    expect(await reports('soft', fate)).toHaveLength(1);
    expect(await reports('hard', fate)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is a core file without memory, for a server and its children', async () => {
    const server = await Server.start();
    expect(await server.answers()).toBe(true);
    expect(readFileSync(`/proc/${String(server.child.pid)}/coredump_filter`, 'utf8')).toBe('00000000\n');
    const hardened = new Running([fixture, 'hard', 'child']);
    await hardened.gone;
    expect(hardened.stdout).toBe('00000000\n');
  });

  it.runIf(writesCoreFiles())('is a core file in which no value is found', async () => {
    const cwd = await newFolder();
    const command = ['-c', 'ulimit -c unlimited && exec "$@"', 'sh', process.execPath, fixture, 'hard', 'abort'];
    expect(spawnSync('sh', command, { cwd, env: {} }).signal).toBe('SIGABRT');
    const [core = ''] = await readdir(cwd);
    expect((await readFile(join(cwd, core))).includes('canary-memory')).toBe(false);
  });
});

/** Where the kernel writes them into the working directory, and we may lift the limit; elsewhere a service picks them up. */
function writesCoreFiles(): boolean {
  if (process.platform !== 'linux') return false;
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  return /^[^|/]/u.test(pattern) && spawnSync('sh', ['-c', 'ulimit -c unlimited']).status === 0;
}
