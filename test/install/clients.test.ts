import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { canary, mainFile, tap, TestVault } from '../support/vault.ts';
import { Toolbox } from './toolbox.ts';

const minutes = 60_000;
const server = [process.execPath, mainFile];
let tools: Toolbox;
let vault: TestVault;

beforeAll(async () => {
  tools = await Toolbox.open();
  await tools.install('@modelcontextprotocol/inspector@0.22.0', 'mcporter@0.9.0');
}, 5 * minutes);

afterAll(() => tools.close());

beforeEach(async () => {
  vault = await TestVault.open();
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
      expect((await run(command('list_secrets', {}))).output).toContain('- API_KEY');
    },
    minutes,
  );

  it(
    'gets the value after a tap',
    async () => {
      expect((await run(command('get_secret', ask), 'approve')).output).toContain(canary);
      expect(vault.actions()).toEqual(['requested API_KEY', 'approved API_KEY', 'released API_KEY']);
    },
    minutes,
  );

  it(
    'hears a denial',
    async () => {
      const { output } = await run(command('get_secret', ask), 'deny');
      expect(output).toContain('denied: ');
      expect(output).not.toContain(canary);
    },
    minutes,
  );
});

/** Runs a client in the vault's folder; decides the first request whose link appears on its stderr. */
async function run([program = '', ...args]: string[], decision?: 'approve' | 'deny'): Promise<{ output: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: vault.folder,
    env: { ...vault.env, HOME: vault.folder },
  });
  let output = '';
  let deciding: Promise<number> | undefined;
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
    const link = /https?:\/\/\S+\/approve\/\S+(?=\s)/u.exec(output)?.[0];
    if (link !== undefined && decision !== undefined) deciding ??= tap(link, decision);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  await once(child, 'close');
  await deciding;
  return { output };
}
