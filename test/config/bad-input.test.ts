import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config/build.ts';
import { blame } from '../../src/config/explain.ts';
import { isObject, parseJson } from '../../src/config/json.ts';
import { VaultError } from '../../src/core/errors.ts';
import { Folder } from './folder.ts';

const local = { type: 'env', file: '.env.secrets' };
const vaults = { local };
const hook = { url: 'https://a.example' };

let folder: Folder;
beforeAll(() => {
  folder = new Folder();
});
afterAll(() => folder.remove());

describe('a config is refused in one line that names file and key:', () => {
  it.each<[content: unknown, message: string, hint?: string]>([
    ['{ "vaults": ', 'line 1, column 13: a value is expected here'],
    [
      '{\n  "vaults": {},\n}',
      'line 3, column 1: a key in double quotes is expected here',
      'no comma before a closing brace',
    ],
    ['{ "vaults": {}, "vaults": {} }', 'the same key stands here twice'],
    [Uint8Array.of(0xff, 0xfe, 0x7b, 0x00), 'is not UTF-8 text'],
    ['[]', 'must hold an object in braces'],
    ['', 'a value is expected here'],
    [{}, 'vaults is missing', 'it must be an object in braces'],
    [{ vaults: {} }, 'vaults must name at least one vault'],
    [{ vaults: [] }, 'vaults must be an object in braces'],
    [{ vaults: { a: 5 } }, 'vaults.a must be an object in braces'],
    [{ vaults: null }, 'vaults must be an object in braces'],
    [{ vaults: { a: {} } }, 'vaults.a.type is missing', 'it must be "env" or "1password"'],
    [
      { vaults: { a: { type: 'onepassword' } } },
      'vaults.a.type must be "env" or "1password"',
      'did you mean "1password"?',
    ],
    [{ vaults: { a: { type: 7 } } }, 'vaults.a.type must be "env" or "1password"'],
    [{ vaults: { a: { type: 'env' } } }, 'vaults.a.file is missing', 'it must be text that is not empty'],
    [{ vaults: { a: { type: 'env', file: '' } } }, 'vaults.a.file must be text that is not empty'],
    [
      { vaults: { 'my vault': { ...local, ttll: 5 } } },
      'vaults."my vault".ttll is not a known key',
      'did you mean "ttl"?',
    ],
    [
      { vaults: { a: { ...local, vaultIds: ['x'] } } },
      'vaults.a.vaultIds is not a known key',
      'known keys: type, ttl, ',
    ],
    [{ vaults: { a: { ...local, ttl: -1 } } }, 'vaults.a.ttl must be a number from 0 to 1440'],
    [{ vaults: { a: { ...local, ttl: 1441 } } }, 'vaults.a.ttl must be a number from 0 to 1440'],
    [{ vaults: { a: { ...local, ttl: '30' } } }, 'vaults.a.ttl must be a number from 0 to 1440'],
    [{ vaults: { a: { ...local, ttl: null } } }, 'vaults.a.ttl must be a number from 0 to 1440'],
    [
      '{ "vaults": { "a": { "type": "env", "file": "f", "ttl": 1e999 } } }',
      'vaults.a.ttl must be a number from 0 to 1440',
    ],
    [{ vaults: { a: { ...local, ttlScope: 'all' } } }, 'vaults.a.ttlScope must be "secret" or "vault"'],
    [{ vaults: { a: { ...local, writable: 'yes' } } }, 'vaults.a.writable must be true or false'],
    [{ vaults: { a: { type: '1password', vaultIds: 'x' } } }, 'vaults.a.vaultIds must be a list that is not empty'],
    [{ vaults: { a: { type: '1password', write: { vaultID: 'x' } } } }, 'vaults.a.write.vaultId is missing'],
    [{ vaults: { '': local } }, 'vaults."" is not a usable name'],
    [{ vaults: { ' a': local } }, 'vaults." a" is not a usable name'],
    [{ vaults: { 'a\nb': local } }, 'vaults."a\\nb" is not a usable name'],
    [{ vaults: { 'a\u202eb': local } }, 'vaults."a\\u{202e}b" is not a usable name'],
    [{ vaults: { ['a'.repeat(101)]: local } }, 'is not a usable name'],
    ['{ "vaults": { "__proto__": { "type": "env", "file": "f" } } }', 'the key __proto__ is not allowed'],
    [{ vaults, ports: 80 }, 'ports is not a known key', 'did you mean "port"?'],
    [{ vaults, constructor: 80 }, 'constructor is not a known key', 'known keys: '],
    [{ vaults, port: 65_536 }, 'port must be a whole number from 0 to 65535'],
    [{ vaults, port: 80.5 }, 'port must be a whole number from 0 to 65535'],
    [{ vaults, port: '9999' }, 'port must be a whole number from 0 to 65535'],
    [{ vaults, approval: { expiresIn: 601 } }, 'approval.expiresIn must be a number from 1 to 600'],
    [{ vaults, approval: { expiresIn: 0 } }, 'approval.expiresIn must be a number from 1 to 600'],
    [{ vaults, approval: { wait: -5 } }, 'approval.wait must be a number from 1 to 600'],
    [{ vaults, approval: { maxOpen: 0 } }, 'approval.maxOpen must be a whole number from 1 to 1000'],
    [{ vaults, approval: { expires: 60 } }, 'approval.expires is not a known key'],
    [{ vaults, approval: true }, 'approval must be an object in braces'],
    [{ vaults, audit: { file: 5 } }, 'audit.file must be text that is not empty'],
    [{ vaults, ngrokAuthToken: 5 }, 'ngrokAuthToken must be text'],
    [{ vaults, ngrokDomain: 'https://a.ngrok.app' }, 'ngrokDomain must be a host name such as example.ngrok-free.app'],
    [{ vaults, ngrokDomain: 'env:DOMAIN' }, 'ngrokDomain refers to the variable DOMAIN, which is not set'],
    [{ vaults, tunnel: { type: 'ngrock' } }, 'tunnel.type must be "ngrok" or "none"', 'did you mean "ngrok"?'],
    [{ vaults, tunnel: { ngrokAuthToken: 'x' } }, 'tunnel.ngrokAuthToken stands in the wrong place'],
    [{ vaults, tunnel: { server_adr: 'x' } }, 'tunnel.server_adr is not a known key', 'did you mean "server_addr"?'],
    [{ vaults, tunnel: { server_addr: 'evil.example:443' } }, 'tunnel.server_addr must be on this machine'],
    [{ vaults, tunnel: { type: 'none', server_addr: 'localhost:1' } }, 'tunnel.server_addr is not a known key'],
    [{ vaults, tunnel: { root_cas: 'ca.pem' } }, 'tunnel.root_cas works only together with server_addr'],
    [{ vaults, tunnel: 'ngrok' }, 'tunnel must be an object in braces'],
    [{ vaults, webhooks: {} }, 'webhooks must be a list'],
    [{ vaults, webhooks: [{}] }, 'webhooks[0].url is missing'],
    [{ vaults, webhooks: [hook, { url: 'ftp://a.example' }] }, 'webhooks[1].url must be an https:// address'],
    [
      { vaults, webhooks: [{ url: 'https://user:pw@a.example' }] },
      'webhooks[0].url must have no user name or password in it',
    ],
    [{ vaults, webhooks: [{ url: 'file:///etc/passwd' }] }, 'webhooks[0].url must be an https:// address'],
    [
      { vaults, webhooks: [{ ...hook, events: ['aproved'] }] },
      'webhooks[0].events must be "all" or a list of "requested"',
    ],
    [{ vaults, webhooks: [{ ...hook, events: 'approved' }] }, 'webhooks[0].events must be "all" or a list'],
    [
      { vaults, webhooks: [{ ...hook, authorization: 'a\r\nX: b' }] },
      'webhooks[0].authorization must be usable in an HTTP header',
    ],
    [
      { vaults, webhooks: [{ ...hook, authorization: 'env:LOG_KEY' }] },
      'webhooks[0].authorization refers to the variable LOG_KEY, which is not set',
    ],
    [
      { vaults, webhooks: [{ ...hook, authorization: 'env:' }] },
      'webhooks[0].authorization refers to the variable , which is not set',
    ],
  ])('%j', async (content, message, hint = '') => {
    const error = await folder.refusal(content);
    expect(error.failure).toBe('config_invalid');
    expect(error.message).toContain(`${folder.cwd}/agent-vault.config.json: `);
    expect(error.message).toContain(message);
    expect(error.message).not.toMatch(/\n|zod|expected (?:string|number)|Invalid/u);
    expect(error.hint ?? '').toContain(hint);
  });

  it('and never repeats a value, which may be a secret in the wrong place', async () => {
    const secret = 'canary-5521';
    const places = [
      { vaults: { a: { ...local, ttl: secret } } },
      { vaults: { a: { type: secret, file: 'f' } } },
      { vaults, port: secret },
      { vaults, ngrokDomain: `https://${secret}` },
      { vaults, webhooks: [{ url: secret }] },
      { vaults, webhooks: [{ ...hook, events: [secret] }] },
      { vaults, tunnel: { server_addr: secret } },
    ];
    for (const content of places) {
      const { message, hint } = await folder.refusal(content);
      expect(`${message} ${hint ?? ''}`).not.toContain(secret);
    }
  });
});

describe('whatever stands in the file', () => {
  const keys = fc.constantFrom(
    'vaults',
    'local',
    'type',
    'file',
    'ttl',
    'port',
    'tunnel',
    'webhooks',
    'url',
    'approval',
    'audit',
    'ngrokAuthToken',
    'write',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom('env', '1password', 'env:A', 'env:MISSING', 'all', 'none', 'localhost:1'),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.oneof(texts, fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.oneof({ weight: 4, arbitrary: keys }, fc.string()), tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const around = {
    folder: '/',
    variables: (name: string) => (name === 'A' ? 'a' : undefined),
    isInEnvironment: () => true,
    blame: blame('file'),
  };

  it('it is a config or refused as one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, tree, { maxKeys: 5 }), tree, async (root, vault) => {
        for (const content of [
          root,
          { vaults: { local: vault } },
          { ...root, vaults: { local: { type: 'env', file: 'f' } } },
        ]) {
          expect(await outcome(content)).toBeOneOf(['config', 'config_invalid']);
        }
      }),
      { numRuns: 500 },
    );
  });

  async function outcome(content: unknown): Promise<string> {
    try {
      const root = parseJson(JSON.stringify(content));
      if (!isObject(root)) return 'config_invalid';
      await buildConfig(root, around);
      return 'config';
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === 'JsonFault') return 'config_invalid';
      return thrown instanceof VaultError ? thrown.failure : String(thrown);
    }
  }
});
