import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scrubEnvironment } from '../../src/platform/hardening.ts';
import { startNgrok } from '../../src/tunnels/ngrok-process.ts';

const names = ['NGROK_AUTHTOKEN', 'OP_SERVICE_ACCOUNT_TOKEN', 'AGENT_VAULT_TEST_REFERENCE'];
const src = join(import.meta.dirname, '../../src');

beforeEach(() => names.forEach((name) => (process.env[name] = 'canary-token')));
afterEach(() => scrubEnvironment(names));

it('takes tokens that were read out of the environment of this process and of those that it starts', () => {
  const inherited = (): string => spawnSync(process.execPath, ['-p', 'JSON.stringify(process.env)']).stdout.toString();
  expect(inherited()).toContain('canary-token');
  scrubEnvironment([...names, 'AGENT_VAULT_TEST_NEVER_SET']);
  expect(names.filter((name) => name in process.env)).toEqual([]);
  expect(inherited()).not.toContain('canary-token');
});

it('starts processes in two places only, each with an environment of its own', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const starting = files.filter((file) => readFileSync(join(src, file), 'utf8').includes("'node:child_process'"));
  expect(starting.sort()).toEqual(['platform/child.ts', 'tunnels/ngrok-process.ts']);
  expect(starting.filter((file) => !/^ {4}env: /mu.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
});

it.runIf(process.platform === 'linux')(
  'shows no token in the environment and arguments of the ngrok client',
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const order = { port: 1, token: 'canary-token', serverAddress: `127.0.0.1:${port}` };
    const ended = Promise.withResolvers<undefined>();
    const client = startNgrok(order, { news: () => undefined, ended: () => ended.resolve(undefined) });
    const [socket] = (await once(server, 'connection')) as [{ destroy(): void }];
    const clients = childrenOf(process.pid).filter((pid) => procFile(pid, 'cmdline').includes('ngrok-child'));
    expect(clients).toHaveLength(1);
    expect(clients.map((pid) => procFile(pid, 'environ') + procFile(pid, 'cmdline')).join()).not.toContain('canary');
    client.kill();
    socket.destroy();
    server.close();
    await ended.promise;
  },
);

function childrenOf(parent: number): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/u.test(name));
  return pids.filter((pid) => procFile(pid, 'status').includes(`\nPPid:\t${parent}\n`));
}

/** Empty if the process has ended. */
function procFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
