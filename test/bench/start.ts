import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { mainFile, TestVault } from '../support/vault.ts';
import { median, timed } from './median.ts';

const runs = 21;
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};

/** Milliseconds from spawn to exit of a process that does nothing. */
export function emptyNode(): Promise<number> {
  return median(runs, () => timed(() => once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')));
}

/** Milliseconds from spawn to the answer to `initialize`, with a warm compile cache. */
export function coldStart(): Promise<number> {
  return withVault(({ folder, env }) =>
    median(runs, async () => {
      const started = performance.now();
      const child = await answered(folder, env);
      const took = performance.now() - started;
      await ended(child);
      return took;
    }),
  );
}

/** Resident bytes one second after `initialize`. */
export function idleMemory(): Promise<number> {
  return withVault(({ folder, env }) =>
    median(5, async () => {
      const child = await answered(folder, env);
      await setTimeout(1_000);
      const bytes = await residentBytes(child.pid ?? 0);
      await ended(child);
      return bytes;
    }),
  );
}

/** Linux only: what the kernel says. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1]) * 1024;
}

async function answered(cwd: string, env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [mainFile], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.write(`${JSON.stringify(initialize)}\n`);
  await once(child.stdout, 'data');
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, 'exit');
}

async function withVault<Result>(work: (vault: TestVault) => Promise<Result>): Promise<Result> {
  const vault = await TestVault.open();
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}
