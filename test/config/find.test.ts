import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Folder, refused } from './folder.ts';

const local = { vaults: { local: { type: 'env', file: '.env.secrets' } } };

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

describe('the config is', () => {
  it('the file that AGENT_VAULT_CONFIG names, before all others', async () => {
    folder.write('project/agent-vault.config.json', local);
    const file = folder.write('elsewhere/vaults.json', local);
    expect((await folder.load({ AGENT_VAULT_CONFIG: file })).file).toBe(file);
    expect((await folder.load({ AGENT_VAULT_CONFIG: '../elsewhere/vaults.json' })).file).toBe(file);
  });

  it("the working directory's, before the home directory's", async () => {
    const atHome = folder.write('home/.agent-vault.config.json', local);
    expect((await folder.load({ AGENT_VAULT_CONFIG: '' })).file).toBe(atHome);
    const here = folder.write('project/agent-vault.config.json', local);
    expect((await folder.load()).file).toBe(here);
  });

  it('a file before the environment', async () => {
    folder.write('home/.agent-vault.config.json', local);
    const config = await folder.load({ AGENT_VAULT_PROVIDER: 'env', AGENT_VAULT_ENV_FILE: '.env' });
    expect(config.vaults.map(({ name }) => name)).toEqual(['local']);
  });

  it.each([
    ['env', { AGENT_VAULT_PROVIDER: 'env', AGENT_VAULT_ENV_FILE: '.env' }],
    ['env', { AGENT_VAULT_ENV_FILE: '.env' }],
    ['env', { AGENT_VAULT_ENV_FILE: '.env', OP_SERVICE_ACCOUNT_TOKEN: 'ops_x' }],
    [
      '1password',
      { AGENT_VAULT_PROVIDER: '1password', OP_SERVICE_ACCOUNT_TOKEN: 'ops_x', AGENT_VAULT_ENV_FILE: '.env' },
    ],
    ['1password', { OP_SERVICE_ACCOUNT_TOKEN: 'ops_x', AGENT_VAULT_1P_VAULTS: ' a, b,' }],
  ])('without a file one vault "%s" for %j', async (name, env) => {
    const config = await folder.load(env);
    expect(config).toMatchObject({ file: null, port: 9999, tunnel: null, vaults: [{ name, type: name }] });
    expect(config.vaults[0]).toHaveProperty('open');
  });

  it.each([
    [{ AGENT_VAULT_PROVIDER: 'env' }, 'AGENT_VAULT_PROVIDER=env needs AGENT_VAULT_ENV_FILE'],
    [{ AGENT_VAULT_PROVIDER: '1password' }, 'AGENT_VAULT_PROVIDER=1password needs OP_SERVICE_ACCOUNT_TOKEN'],
    [{ AGENT_VAULT_PROVIDER: 'vault' }, 'AGENT_VAULT_PROVIDER must be "env" or "1password", not "vault"'],
  ])('refused for %j', async (env, message) => {
    const error = await refused(folder.load(env));
    expect(error).toMatchObject({ failure: 'config_invalid', message });
  });

  it('asked for with an example where there is none', async () => {
    const error = await refused(folder.load());
    expect(error).toMatchObject({
      failure: 'config_invalid',
      message: expect.stringMatching(/^there is no agent-vault\.config\.json in this folder/u),
    });
    const [, ...example] = error.hint?.split('\n') ?? [];
    expect(example).toHaveLength(3);
    await folder.config(example.join('\n'));
  });

  it('not looked for elsewhere if AGENT_VAULT_CONFIG names a file that does not exist', async () => {
    folder.write('project/agent-vault.config.json', local);
    const error = await refused(folder.load({ AGENT_VAULT_CONFIG: 'nowhere.json' }));
    expect(error.message).toBe(
      `AGENT_VAULT_CONFIG names a file that does not exist: ${join(folder.cwd, 'nowhere.json')}`,
    );
  });

  it('not looked for elsewhere if it cannot be read', async () => {
    symlinkSync('agent-vault.config.json', join(folder.cwd, 'agent-vault.config.json'));
    folder.write('home/.agent-vault.config.json', local);
    expect((await refused(folder.load())).message).toContain('agent-vault.config.json: cannot be read');
  });

  it('not looked for elsewhere if a directory stands in its place', async () => {
    mkdirSync(join(folder.cwd, 'agent-vault.config.json'));
    folder.write('home/.agent-vault.config.json', local);
    expect((await refused(folder.load())).message).toContain('agent-vault.config.json: cannot be read');
  });
});
