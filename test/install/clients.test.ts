import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canary, mainFile, tap, TestVault } from '../support/vault.ts';
import { Toolbox } from './toolbox.ts';

const minutes = 60_000;
let tools: Toolbox;
let vault: TestVault;
let server: [string, string];

beforeAll(async () => {
  tools = await Toolbox.open();
  await tools.install('@modelcontextprotocol/inspector@0.22.0', 'mcporter@0.9.0');
}, 5 * minutes);

afterAll(() => tools.close());

beforeEach(async () => {
  vault = await TestVault.open();
  server = ['sh', join(vault.folder, 'server.sh')];
  await writeFile(join(vault.folder, 'server.sh'), `exec '${process.execPath}' '${mainFile}' 2>stderr.txt\n`);
});

afterEach(() => vault.close());

/** Clients that were written by others, each called once per run. */
const clients = {
  'Inspector CLI 0.22': (tool: string, args: Record<string, string>) => [
    tools.path('.bin', 'mcp-inspector'),
    '--cli',
    ...server,
    '--method',
    'tools/call',
    '--tool-name',
    tool,
    ...Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${value}`]),
  ],
  'mcporter 0.9': (tool: string, args: Record<string, string>) => [
    tools.path('.bin', 'mcporter'),
    'call',
    '--stdio',
    server.join(' '),
    '--name',
    'vault',
    tool,
    ...Object.entries(args).map(([key, value]) => `${key}=${value}`),
  ],
};

describe.each(Object.entries(clients))('%s', (_, command) => {
  const ask = { vault: 'local', name: 'API_KEY', reason: 'a test' };

  it(
    'lists',
    async () => {
      expect(await run(command('list_secrets', {}))).toContain('- API_KEY');
    },
    minutes,
  );

  it(
    'gets the value after a tap',
    async () => {
      expect(await run(command('get_secret', ask), 'approve')).toContain(canary);
      expect(vault.actions()).toEqual(['requested API_KEY', 'approved API_KEY', 'released API_KEY']);
    },
    minutes,
  );

  it(
    'hears a denial',
    async () => {
      const output = await run(command('get_secret', ask), 'deny');
      expect(output).toContain('denied: ');
      expect(output).not.toContain(canary);
    },
    minutes,
  );
});

/**
 * Runs a client in the vault's folder, and decides the first request whose link appears on the server's stderr. Both clients
 * keep that to themselves, so the server is started through a shell that writes it to a file, where a person would look.
 */
async function run([program = '', ...args]: string[], decision?: 'approve' | 'deny'): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: vault.folder,
    env: { ...vault.env, HOME: vault.folder },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, 'close');
  if (decision !== undefined) await tap(await link(), decision);
  await closed;
  return output;
}

async function link(): Promise<string> {
  const said = async (): Promise<string | undefined> =>
    /https?:\/\/\S+\/approve\/\S+/u.exec(await readFile(join(vault.folder, 'stderr.txt'), 'utf8').catch(() => ''))?.[0];
  await expect.poll(said, { timeout: 20_000 }).toBeDefined();
  return (await said()) ?? '';
}
