import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedLines } from '../../src/trust/lines.ts';
import { Setting } from './setting.ts';

let setting: Setting;
beforeEach(() => {
  setting = new Setting();
  setting.env = {
    OP_DEV_TOKEN: 'ops_1',
    LOG_KEY: 'Splunk 1',
    HOOK: 'https://hooks.example.com/T0/B0',
    NGROK_AUTHTOKEN: 'n',
  };
});
afterEach(() => setting.remove());

const local = { type: 'env', file: '/srv/.env.secrets' };
const plain = 'vault local: uses the file /srv/.env.secrets';

/** What the page says of a new config; what is wide is marked. */
async function said(content: object): Promise<string[]> {
  setting.write(content);
  return (await setting.start()).lines().map(({ subject, says, isWide }) => `${isWide ? '! ' : ''}${subject}: ${says}`);
}

/** What it says of a change. */
async function change(before: object, after: object): Promise<string[]> {
  const run = await setting.approved(before);
  setting.write(after);
  await run.trust.look();
  return run.lines().map(({ subject, says, isWide }) => `${isWide ? '! ' : ''}${subject}: ${says}`);
}

describe('what a page says of a new config', () => {
  it('is where the secrets are, and nothing of what is as always', async () => {
    const content = {
      vaults: { local },
      ngrokAuthToken: 'env:NGROK_AUTHTOKEN',
      approval: { expiresIn: 60, maxOpen: 2 },
    };
    expect(await said(content)).toEqual([plain]);
  });

  it('is how long a read is remembered, for what, and that agents may write', async () => {
    const content = { vaults: { local: { ...local, ttl: 90.5, ttlScope: 'vault', writable: true, confirm: 'code' } } };
    expect(await said(content)).toEqual([
      plain,
      '! vault local: repeat reads pass for 1 hour 30 minutes 30 seconds, for the whole vault',
      '! vault local: agents may ask to write',
    ]);
  });

  it('is how 1Password is reached, and what of it', async () => {
    const dev = {
      type: '1password',
      serviceAccountToken: 'env:OP_DEV_TOKEN',
      vaultIds: ['abc', 'def'],
      write: { vaultId: 'abc', category: 'login' },
    };
    const all = { type: '1password', serviceAccountToken: 'ops_literal' };
    const personal = { type: '1password', account: 'Anna & family' };
    expect(await said({ vaults: { dev, all, personal } })).toEqual([
      'vault dev: uses 1Password with the variable OP_DEV_TOKEN as token, and there the vaults abc and def; creates items in abc of the kind login',
      'vault all: uses 1Password with a value written in the config as token, and there all vaults that it sees',
      'vault personal: uses the 1Password account "Anna & family", and there all vaults that it sees',
    ]);
  });

  it('is who is told what, where, and with which proof', async () => {
    const webhooks = [
      { url: 'env:HOOK', events: ['denied', 'auto_approved'] },
      { url: 'https://10.0.0.1:8088/services/T0KEN', authorization: 'Splunk literal', events: ['released'] },
      { url: 'https://b.example', format: 'splunk-hec', authorization: 'env:LOG_KEY', index: 'x', allowPrivate: true },
    ];
    expect(await said({ vaults: { local }, webhooks })).toEqual([
      '! webhook hooks.example.com: posts auto-approved and denied events to https://hooks.example.com, at the address in the variable HOOK',
      '! webhook 10.0.0.1:8088: posts released events to https://10.0.0.1:8088, with a value written in the config as authorization',
      '! webhook b.example: posts every decision to https://b.example, with the variable LOG_KEY as authorization, as splunk-hec, with index x and allowPrivate true',
      plain,
    ]);
  });

  it.each([
    [
      { ngrokDomain: 'a.example' },
      'tunnel: puts the approval pages on the internet through ngrok, with NGROK_AUTHTOKEN of the environment as token, at a.example',
    ],
    [
      { ngrokAuthToken: 'literal' },
      '! tunnel: puts the approval pages on the internet through ngrok, with a value written in the config as token',
    ],
    [
      { ngrokAuthToken: 'env:LOG_KEY', tunnel: { server_addr: 'localhost:1' } },
      '! tunnel: puts the approval pages on the internet through ngrok, with the variable LOG_KEY as token, server_addr localhost:1',
    ],
  ])('is a tunnel that is not as always: %j', async (content, line) => {
    expect(await said({ vaults: { local }, ...content })).toEqual([plain, line]);
  });

  it('is what it loosens for requests, and where the audit log goes', async () => {
    const approval = { expiresIn: 600, maxOpen: 100, maxPerHour: 61, cooldown: 0, wait: 50 };
    expect(await said({ vaults: { local }, approval, audit: { file: '/srv/audit log.db' } })).toEqual([
      plain,
      '! requests: wait for you 10 minutes instead of 5 minutes',
      '! requests: may be up to 100 at once instead of 20',
      '! requests: may be up to 61 within an hour instead of 60',
      '! requests: may come again at once when you have denied them, instead of after 10 minutes',
      'audit log: is written to "/srv/audit log.db"',
    ]);
  });

  it('quotes what the config says, whole or saying how much is missing, and shows nothing invisible', async () => {
    const file = `/srv/a as you approved", and \u202e\u0007${'x'.repeat(300)}`;
    expect(await said({ vaults: { 'a: every read asks': { type: 'env', file } } })).toEqual([
      `vault a: every read asks: uses the file "/srv/a as you approved\\", and \\u{202e}\\u{7}${'x'.repeat(169)}… (131 more characters)"`,
    ]);
  });

  it('names a variable and never its value', async () => {
    const lines = await said({ vaults: { local: { type: 'env', file: 'env:OP_DEV_TOKEN' } } });
    expect(lines).toEqual(['vault local: uses the file (the value of the variable OP_DEV_TOKEN)']);
  });
});

describe('what a page says of a change', () => {
  const wide = { local: { ...local, ttl: 0.5, ttlScope: 'vault', writable: true } };

  it('is each thing that a vault may do more than before', async () => {
    const before = { vaults: { local: { ...local, confirm: 'code' } } };
    expect(await change(before, { vaults: wide })).toEqual([
      '! vault local: repeat reads pass for 30 seconds instead of asking each time',
      '! vault local: an approval can cover the whole vault instead of single secrets',
      '! vault local: agents may ask to write',
      '! vault local: a tap approves, without the two digits that stand at the terminal',
    ]);
  });

  it('is all that a new vault may do', async () => {
    const added = { ...wide.local, file: '/srv/b' };
    expect(await change({ vaults: { local } }, { vaults: { local, added } })).toEqual([
      '! vault added: is new: uses the file /srv/b',
      '! vault added: repeat reads pass for 30 seconds, for the whole vault',
      '! vault added: agents may ask to write',
    ]);
  });

  it('is where a vault of another type has its secrets', async () => {
    const after = { vaults: { local: { type: '1password', account: 'me' } } };
    expect(await change({ vaults: { local } }, after)).toEqual([
      '! vault local: uses the 1Password account me, and there all vaults that it sees; until now it uses the file /srv/.env.secrets',
    ]);
  });

  it('is that a token in the config is another', async () => {
    const with1 = { vaults: { dev: { type: '1password', serviceAccountToken: 'ops_1' } } };
    const with2 = { vaults: { dev: { type: '1password', serviceAccountToken: 'ops_2' } } };
    expect(await change(with1, with2)).toEqual([
      '! vault dev: uses 1Password with a value written in the config as token, and there all vaults that it sees; a value written in the config is another than before',
    ]);
  });

  it('is the tunnel, as it is and as it was', async () => {
    expect(await change({ vaults: { local } }, { vaults: { local }, ngrokAuthToken: 'a' })).toEqual([
      '! tunnel: puts the approval pages on the internet through ngrok, with a value written in the config as token; until now it puts the approval pages on the internet through ngrok, with NGROK_AUTHTOKEN of the environment as token',
    ]);
  });

  it('is that the token of the tunnel is another', async () => {
    const lines = await change({ vaults: { local }, ngrokAuthToken: 'a' }, { vaults: { local }, ngrokAuthToken: 'b' });
    expect(lines).toEqual([expect.stringMatching(/as token; one of these values is another than before$/u)]);
  });

  it('is how long a call is held up', async () => {
    expect(await change({ vaults: { local } }, { vaults: { local }, approval: { wait: 50 } })).toEqual([
      'requests: hold a call up for 50 seconds instead of what its client can stand',
    ]);
  });

  it('is not wide where it tightens', async () => {
    const policyOf = async (content: object) => (await setting.folder.config(content)).policy((text) => text);
    const before = await policyOf({ vaults: { ...wide, second: local }, approval: { cooldown: 0 } });
    const now = await policyOf({ vaults: { local: { ...local, confirm: 'code' } } });
    expect(changedLines(before, now)).toEqual(
      [
        ['vault local', 'every read asks'],
        ['vault local', 'an approval covers single secrets instead of the whole vault'],
        ['vault local', 'agents may not write'],
        ['vault local', 'an approval needs the two digits that stand at the terminal'],
        ['vault second', 'is removed'],
        ['requests', 'may come again after 10 minutes when you have denied them, instead of at once'],
      ].map(([subject, says]) => ({ subject, says, isWide: false })),
    );
  });
});
