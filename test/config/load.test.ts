import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config, VaultConfig } from '../../src/config/config.ts';
import { VaultError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { makeCertificate } from '../support/certificate.ts';
import { NgrokEdge } from '../support/ngrok-edge.ts';
import { Folder } from './folder.ts';

const ports = { clock: systemClock, random: systemRandom, log: createLog(() => undefined) };
const vaults = { local: { type: 'env', file: '.env.secrets' } };
const onePassword = { dev: { type: '1password', serviceAccountToken: 'env:OP_DEV_TOKEN' } };

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

describe('a config', () => {
  it('has its defaults', async () => {
    expect(await folder.config({ vaults })).toMatchObject({
      vaults: [{ name: 'local', type: 'env', policy: { ttlMs: 0, scope: 'secret', writable: false, confirm: 'tap' } }],
      tunnel: null,
      port: 9999,
      approval: { expiresInMs: 300_000, waitMs: null, maxOpen: 20, maxPerHour: 60, cooldownMs: 600_000 },
      auditFile: null,
      webhooks: [],
      notices: [],
    });
  });

  it('is read as UTF-8 with a byte order mark, too', async () => {
    const config = await folder.config(`\uFEFF${JSON.stringify({ vaults: { Büro: vaults.local } })}`);
    expect(config.vaults[0]?.name).toBe('Büro');
  });

  it('says everything that the example says', async () => {
    const example = readFileSync(join(import.meta.dirname, '../../agent-vault.config.example.json'), 'utf8');
    folder.write('project/splunk-ca.pem', 'authorities');
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const config = await folder.config(example, {
      LOG_KEY: 'Splunk 1',
      LOG_SIGNING_SECRET: secret,
      OTHER_SECRET_NEW: secret,
      OTHER_SECRET_OLD: secret,
      SPLUNK_HEC_TOKEN: 'abc',
      OP_DEV_TOKEN: 'ops_1',
      NGROK_AUTHTOKEN: 'n1',
    });
    expect(config).toMatchObject({
      vaults: [
        { name: 'local', type: 'env', policy: { ttlMs: 1_800_000, scope: 'secret', writable: true } },
        { name: 'dev', type: '1password', policy: { ttlMs: 900_000, scope: 'vault', writable: true } },
        { name: 'personal', type: '1password', policy: { ttlMs: 0, confirm: 'code' } },
      ],
      tunnel: { type: 'ngrok' },
      approval: { expiresInMs: 300_000, waitMs: 50_000, maxOpen: 20, maxPerHour: 60, cooldownMs: 600_000 },
      auditFile: join(folder.cwd, 'agent-vault.db'),
      anchor: join(folder.cwd, 'agent-vault.anchors'),
      webhooks: [
        { url: 'https://logs.example.com/events', events: ['approved', 'denied'], plugin: { type: 'json' } },
        { plugin: { type: 'splunk-hec' }, allowPrivate: true, ca: 'authorities', required: false, events: 'all' },
        { plugin: { type: 'standard' }, secrets: [expect.anything(), expect.anything()] },
      ],
      tokens: [
        'LOG_KEY',
        'LOG_SIGNING_SECRET',
        'NGROK_AUTHTOKEN',
        'OP_DEV_TOKEN',
        'OTHER_SECRET_NEW',
        'OTHER_SECRET_OLD',
        'SPLUNK_HEC_TOKEN',
      ],
      notices: [],
    });
    expect(config.webhooks[0]?.authorization?.reveal()).toBe('Splunk 1');
    expect(JSON.stringify(config)).not.toContain('Splunk 1');
    expect(JSON.stringify(config)).not.toContain(secret);
  });

  it('opens its vaults with paths beside the file', async () => {
    folder.write('project/.env.secrets', 'API_KEY=value\n');
    const provider = await opened(await folder.config({ vaults }), 'local');
    expect(await provider.list({ signal: AbortSignal.timeout(5000) })).toEqual([{ id: 'API_KEY', name: 'API_KEY' }]);
  });

  it('keeps fractions of minutes and of seconds', async () => {
    const config = await folder.config({
      vaults: { local: { ...vaults.local, ttl: 0.05 } },
      approval: { expiresIn: 1.5 },
    });
    expect(config.vaults[0]?.policy.ttlMs).toBe(3000);
    expect(config.approval.expiresInMs).toBe(1500);
  });

  it('puts the audit log beside the file, unless AGENT_VAULT_DB says where', async () => {
    const content = { vaults, audit: { file: 'logs/audit.db' } };
    expect((await folder.config(content)).auditFile).toBe(join(folder.cwd, 'logs/audit.db'));
    expect((await folder.config(content, { AGENT_VAULT_DB: 'here.db' })).auditFile).toBe(join(folder.cwd, 'here.db'));
  });

  it('may call a vault like a part of every object', async () => {
    const config = await folder.config({ vaults: { constructor: vaults.local, toString: vaults.local } });
    expect(config.vaults.map(({ name }) => name)).toEqual(['constructor', 'toString']);
  });
});

describe('env:NAME', () => {
  it('is the variable, before the .env beside the config', async () => {
    folder.write('project/.env', 'OP_DEV_TOKEN=from-file\nLOG_KEY="a b"\n');
    const content = { vaults, webhooks: [{ url: 'https://a.example', authorization: 'env:LOG_KEY' }] };
    expect((await folder.config(content)).webhooks[0]?.authorization?.reveal()).toBe('a b');
    const both = await folder.config(content, { LOG_KEY: 'from-env' });
    expect(both.webhooks[0]?.authorization?.reveal()).toBe('from-env');
    expect(process.env['LOG_KEY']).toBeUndefined();
  });

  it('is not read where it would take the parser long', async () => {
    folder.write('project/.env', `TOKEN=x\n${'\n'.repeat(60_000)}`);
    const { notices } = await folder.config({ vaults, ngrokAuthToken: 'env:TOKEN' });
    expect(notices).toEqual([
      expect.stringMatching(/\.env cannot be read$/u),
      'ngrokAuthToken: the variable TOKEN is not set, so there is no tunnel',
    ]);
  });

  it('makes only its vault unavailable where the variable is not set', async () => {
    const config = await folder.config({ vaults: { ...onePassword, ...vaults } });
    expect(unavailable(config, 'dev')).toMatchObject({
      failure: 'vault_unavailable',
      message: 'serviceAccountToken of vault "dev" refers to the variable OP_DEV_TOKEN, which is not set',
    });
    expect(config.vaults[1]).toHaveProperty('open');
  });

  it('counts as not set where it is empty', async () => {
    const config = await folder.config({ vaults: onePassword }, { OP_DEV_TOKEN: '' });
    expect(unavailable(config, 'dev')).toBeInstanceOf(VaultError);
  });

  it('does not excuse another mistake in the same vault', async () => {
    const error = await folder.refusal({ vaults: { dev: { ...onePassword.dev, ttl: -1 } } });
    expect(error.message).toContain('vaults.dev.ttl must be a number from 0 to 1440');
  });

  it('is no part of an object’s prototype', async () => {
    const error = await folder.refusal({ vaults, webhooks: [{ url: 'env:constructor' }] });
    expect(error.message).toContain('webhooks[0].url refers to the variable constructor, which is not set');
  });

  it('says that a .env cannot be read, and goes on without it', async () => {
    symlinkSync('.env', join(folder.cwd, '.env'));
    expect((await folder.config({ vaults })).notices).toEqual([`${join(folder.cwd, '.env')} cannot be read`]);
  });

  it('is never read from a .env where there is no config file', async () => {
    folder.write('project/.env', 'NGROK_AUTHTOKEN=other');
    expect((await folder.load({ AGENT_VAULT_ENV_FILE: 'secrets.env' })).tunnel).toBeNull();
  });

  it('finds nothing in a directory named .env', async () => {
    mkdirSync(join(folder.cwd, '.env'));
    expect((await folder.config({ vaults })).notices).toEqual([]);
  });
});

describe('the variables that a config refers to', () => {
  it('are named, also those that stand for what it leaves out', async () => {
    const content = { vaults: { work: { type: '1password' }, local: { type: 'env', file: 'env:WHERE' } } };
    const config = await folder.config(content, { WHERE: 'here.env', OTHER: 'x' });
    expect(config.tokens).toEqual(['NGROK_AUTHTOKEN', 'OP_SERVICE_ACCOUNT_TOKEN', 'WHERE']);
  });
});

describe('1Password', () => {
  it('takes OP_SERVICE_ACCOUNT_TOKEN where it has neither token nor account', async () => {
    const content = { vaults: { work: { type: '1password' } } };
    expect(unavailable(await folder.config(content), 'work').message).toContain(
      'refers to the variable OP_SERVICE_ACCOUNT_TOKEN, which is not set',
    );
    expect((await folder.config(content, { OP_SERVICE_ACCOUNT_TOKEN: 'ops_1' })).vaults[0]).toHaveProperty('open');
  });

  it('needs no token where it has an account', async () => {
    const config = await folder.config({ vaults: { work: { type: '1password', account: 'Example' } } });
    expect(config.vaults[0]).toHaveProperty('open');
  });
});

describe('the tunnel', () => {
  it.each([
    ['ngrok', { ngrokAuthToken: 'token' }, {}],
    ['ngrok', { ngrokAuthToken: 'env:TOKEN' }, { TOKEN: 'token' }],
    ['ngrok', {}, { NGROK_AUTHTOKEN: 'token' }],
    ['ngrok', { ngrokAuthToken: '' }, { NGROK_AUTHTOKEN: 'token' }],
    ['none', { ngrokAuthToken: 'token', tunnel: { type: 'none' } }, {}],
    [undefined, {}, {}],
    [undefined, { tunnel: { type: 'ngrok' } }, {}],
    [undefined, { ngrokDomain: 'example.ngrok.app' }, {}],
  ])('is %s for %j and %j', async (type, content, env) => {
    const { tunnel, notices } = await folder.config({ vaults, ...content }, env);
    expect(tunnel?.type).toBe(type);
    expect(tunnel?.open(ports).type).toBe(type);
    expect(notices).toEqual([]);
  });

  it('is not there, and it is said why, where the variable with its token is not set', async () => {
    const { tunnel, notices } = await folder.config(
      { vaults, ngrokAuthToken: 'env:TOKEN' },
      { NGROK_AUTHTOKEN: 'other' },
    );
    expect(tunnel).toBeNull();
    expect(notices).toEqual(['ngrokAuthToken: the variable TOKEN is not set, so there is no tunnel']);
  });
});

it('opens its tunnel with paths beside the file', async () => {
  const edge = await NgrokEdge.open({ certificate: makeCertificate(folder.cwd) });
  const content = { vaults, ngrokAuthToken: 'token', tunnel: { server_addr: edge.address, root_cas: 'ca.pem' } };
  const tunnel = await (await folder.config(content)).tunnel?.open(ports).connect(1);
  expect(tunnel?.origin()).toBe('https://address-1.ngrok.test');
  await tunnel?.close();
  await edge.close();
});

function find(config: Config, name: string): VaultConfig {
  const vault = config.vaults.find((each) => each.name === name);
  if (vault === undefined) throw new Error(`no vault ${name}`);
  return vault;
}

function unavailable(config: Config, name: string): VaultError {
  const vault = find(config, name);
  if (!('unavailable' in vault)) throw new Error(`${name} is usable`);
  return vault.unavailable;
}

async function opened(config: Config, name: string) {
  const vault = find(config, name);
  if ('unavailable' in vault) throw vault.unavailable;
  return vault.open(ports);
}
