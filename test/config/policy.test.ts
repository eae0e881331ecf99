import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EffectivePolicy } from '../../src/config/terms.ts';
import { Folder } from './folder.ts';

const local = { type: 'env', file: '.env.secrets' };
const keyed = (text: string): string => `<${text.length}>`;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

async function policy(content: object, env: Record<string, string> = {}): Promise<EffectivePolicy> {
  return (await folder.config({ vaults: { local }, ...content }, env)).policy(keyed);
}

describe('what a config allows', () => {
  it('has whole paths, and each vault’s policy', async () => {
    expect(
      await policy({ vaults: { local: { ...local, ttl: 15, ttlScope: 'vault' } }, audit: { file: 'a.db' } }),
    ).toEqual({
      vaults: [
        {
          name: 'local',
          type: 'env',
          options: { file: join(folder.cwd, '.env.secrets') },
          ttlMs: 900_000,
          scope: 'vault',
          writable: false,
          confirm: 'tap',
        },
      ],
      webhooks: [],
      tunnel: { type: 'ngrok', token: 'environment', domain: null, options: {} },
      port: 9999,
      auditFile: join(folder.cwd, 'a.db'),
      anchor: null,
      approval: { expiresInMs: 300_000, waitMs: null, maxOpen: 20, maxPerHour: 60, cooldownMs: 600_000 },
    });
  });

  it('names variables, and has their values and other secrets as keyed hashes only', async () => {
    const content = {
      vaults: {
        work: { type: '1password' },
        dev: { type: '1password', serviceAccountToken: 'ops_literal', vaultIds: ['env:GROUP', 'abc'] },
      },
      webhooks: [
        { url: 'env:HOOK', authorization: 'env:OP_SERVICE_ACCOUNT_TOKEN', events: ['denied', 'approved'] },
        { url: 'https://logs.example.com/secret/path', authorization: 'Splunk literal' },
      ],
      ngrokAuthToken: 'literal-token',
    };
    const env = {
      OP_SERVICE_ACCOUNT_TOKEN: 'ops_variable',
      GROUP: 'group-id',
      HOOK: 'https://hooks.example.com/T0/B0',
    };
    const found = await policy(content, env);
    expect(found).toMatchObject({
      vaults: [
        { options: { serviceAccountToken: { variable: 'OP_SERVICE_ACCOUNT_TOKEN', keyed: '<12>' } } },
        {
          options: { serviceAccountToken: { hidden: '<11>' }, vaultIds: [{ variable: 'GROUP', keyed: '<8>' }, 'abc'] },
        },
      ],
      webhooks: [
        {
          origin: 'https://hooks.example.com',
          address: '<31>',
          variable: 'HOOK',
          authorization: { variable: 'OP_SERVICE_ACCOUNT_TOKEN', keyed: '<12>' },
          events: ['approved', 'denied'],
        },
        { origin: 'https://logs.example.com', variable: null, authorization: { hidden: '<14>' }, events: 'all' },
      ],
      tunnel: { type: 'ngrok', token: { hidden: '<13>' } },
    });
    expect(JSON.stringify(found)).not.toMatch(/ops_|literal|secret\/path|T0|group-id/u);
  });

  it('tells an unset variable from one with a value', async () => {
    const content = { vaults: { work: { type: '1password' } } };
    expect((await policy(content)).vaults[0]?.options).toEqual({
      serviceAccountToken: { variable: 'OP_SERVICE_ACCOUNT_TOKEN', keyed: null },
    });
  });

  it.each([
    ['nothing', {}, {}, 'environment'],
    [
      'the environment’s own variable',
      { ngrokAuthToken: 'env:NGROK_AUTHTOKEN' },
      { NGROK_AUTHTOKEN: 'x' },
      'environment',
    ],
    ['another variable', { ngrokAuthToken: 'env:OTHER' }, { OTHER: 'x' }, { variable: 'OTHER', keyed: '<1>' }],
  ])('says where the token of the tunnel comes from: %s', async (_, content, env, token) => {
    expect((await policy(content, env)).tunnel.token).toEqual(token);
  });

  it('does not take a token in the .env beside the config for the environment’s own', async () => {
    folder.write('project/.env', 'NGROK_AUTHTOKEN=planted\nKIND=ngrok\n');
    const planted = { variable: 'NGROK_AUTHTOKEN', keyed: '<7>' };
    expect((await policy({})).tunnel.token).toEqual(planted);
    expect((await policy({ ngrokAuthToken: 'env:NGROK_AUTHTOKEN' })).tunnel.token).toEqual(planted);
    expect((await policy({}, { NGROK_AUTHTOKEN: 'mine' })).tunnel.token).toBe('environment');
  });

  it('sees through a type of tunnel that a variable names', async () => {
    folder.write('project/.env', 'KIND=ngrok\n');
    const { tunnel } = await policy({ tunnel: { type: 'env:KIND' }, ngrokAuthToken: 'planted' });
    expect(tunnel).toEqual({ type: 'ngrok', token: { hidden: '<7>' }, domain: null, options: {} });
  });

  it('has the options of the tunnel, with whole paths', async () => {
    const tunnel = { type: 'ngrok', server_addr: 'localhost:1', root_cas: 'ca.pem' };
    expect((await policy({ tunnel, ngrokDomain: 'a.example' })).tunnel).toEqual({
      type: 'ngrok',
      token: 'environment',
      domain: 'a.example',
      options: { server_addr: 'localhost:1', root_cas: join(folder.cwd, 'ca.pem') },
    });
    expect((await policy({ tunnel: { type: 'none' }, ngrokAuthToken: 'unused' })).tunnel.token).toBeNull();
  });

  it('has a canonical form whatever the config holds', async () => {
    const found = await policy({ vaults: { local: { type: 'env', file: 'a\ud800' } } });
    expect(JSON.stringify(found).isWellFormed()).toBe(true);
    expect(found.vaults[0]?.options['file']).toBe(join(folder.cwd, 'a\ufffd'));
  });
});
