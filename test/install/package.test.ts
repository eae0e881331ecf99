import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canary, tap, TestVault } from '../support/vault.ts';
import { Toolbox } from './toolbox.ts';

const minutes = 60_000;
let tools: Toolbox;
let tarball: string;
let vault: TestVault;

beforeAll(async () => {
  tools = await Toolbox.open();
  tarball = await tools.pack();
  vault = await TestVault.open();
}, 5 * minutes);

afterAll(async () => {
  await vault.close();
  await tools.close();
});

describe('the packed tarball, installed by npm 12 with its default settings', () => {
  let installed: string;

  beforeAll(async () => {
    await tools.install('npm@12.2.0');
    const node = await tools.node('24.21.0');
    const prefix = join(tools.folder, 'global');
    await tools.run(node, [tools.path('npm', 'bin', 'npm-cli.js'), 'install', '--global', '--prefix', prefix, tarball]);
    installed = join(prefix, 'lib', 'node_modules', 'agent-vault', 'dist', 'main.js');
  }, 5 * minutes);

  it.each(['22.14.0', '22.23.3', '24.21.0', '26.10.0'])(
    'lists, asks, releases and writes under Node %s',
    async (version) => {
      const node = await tools.node(version);
      const client = await vault.connect({ command: [node, installed] });
      expect((await client.call('list_secrets', {})).text).toContain('- API_KEY');
      const read = client.get();
      await tap(await client.link());
      expect((await read).text).toBe(canary);
      const write = client.call('set_secret', { vault: 'local', name: 'NEW', value: version, reason: 'a test' });
      await tap(await client.link(2));
      expect((await write).text).toMatch(/^approved: saved NEW/u);
      expect(vault.actions().slice(-3)).toEqual(['requested NEW', 'approved NEW', 'released NEW']);
      await client.close();
    },
    2 * minutes,
  );
});

describe('the packed tarball, started by npx', () => {
  it(
    'says its version',
    async () => {
      const { stdout } = await tools.run('npx', ['--yes', '--package', tarball, 'agent-vault', '--version']);
      expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
    },
    3 * minutes,
  );
});
