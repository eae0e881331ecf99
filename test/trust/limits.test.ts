import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refused } from '../config/folder.ts';
import { hook, local, Setting } from './setting.ts';

let setting: Setting;
beforeEach(() => {
  setting = new Setting();
});
afterEach(() => setting.remove());

const vaults = { local };
const other = { url: 'https://other.example.com:8443/x' };

describe('the user’s own limits', () => {
  it('cap what a person approved', async () => {
    const content = { vaults, webhooks: [hook, other], approval: { maxOpen: 30 } };
    await setting.approved(content);
    setting.limits({ longestTtl: 5, webhookHosts: ['logs.example.com'], maxOpen: 3 });
    const run = await setting.start();
    expect([run.minutes(), run.posts(), run.trust.inForce().approval.maxOpen]).toEqual([5, [hook.url], 3]);
    expect(run.trust.proposal()).toBeNull();
    expect(run.said()).toContain(
      'nothing is posted to https://other.example.com:8443: your limits.json does not name this host',
    );
  });

  it('take effect while the server runs, and close windows', async () => {
    const run = await setting.approved({ vaults });
    setting.limits({ longestTtl: 0.5 });
    await run.trust.look();
    expect([run.minutes(), run.closed()]).toEqual([0.5, ['local', 'local']]);
  });

  it('keep out of a proposal what they forbid, so that lifting them needs an approval', async () => {
    setting.limits({ longestTtl: 5, webhookHosts: [] });
    const run = await setting.approved({ vaults, webhooks: [hook] });
    expect([run.minutes(), run.posts(), run.trust.proposal()]).toEqual([5, [], null]);
    setting.limits({});
    await run.trust.look();
    expect([run.minutes(), run.posts()]).toEqual([5, []]);
    expect(run.says()).toEqual([
      'vault local: repeat reads pass for 15 minutes instead of 5 minutes',
      expect.stringMatching(/^webhook logs\.example\.com: is new/u),
    ]);
  });

  it('come back off without an approval where they only held back what was approved', async () => {
    await setting.approved({ vaults });
    setting.limits({ longestTtl: 5 });
    const run = await setting.start();
    setting.limits({ longestTtl: 60 });
    await run.trust.look();
    expect([run.minutes(), run.trust.proposal()]).toEqual([15, null]);
  });

  it('make a vault of another type unavailable, with the reason', async () => {
    setting.limits({ vaultTypes: ['1password'] });
    setting.write({ vaults: { local, dev: { type: '1password' } } });
    const run = await setting.start();
    expect(run.says()).toEqual([expect.stringMatching(/^vault dev: uses 1Password/u)]);
    await run.approve();
    expect(run.vault()).toMatchObject({
      unavailable: {
        failure: 'vault_unavailable',
        message: 'vault "local" is of type "env", which the user\'s own limits do not allow',
      },
    });
    expect(run.vault('dev')).toHaveProperty('open');
    expect(run.trust.policyOf('local', false)).toBeNull();
  });

  it.each([
    ['a host', ['OTHER.example.com'], true],
    ['a host with its port', ['other.example.com:8443'], true],
    ['a host with another port', ['other.example.com:443'], false],
    ['a part of the host', ['example.com'], false],
    ['the beginning of the host', ['other.example.co'], false],
    ['nothing', [], false],
  ])('allow the webhooks to the hosts that they name: %s', async (_, webhookHosts, allowed) => {
    setting.limits({ webhookHosts });
    const run = await setting.approved({ vaults, webhooks: [other] });
    expect(run.posts()).toEqual(allowed ? [other.url] : []);
  });

  it('say which factor decides at least', async () => {
    setting.write({ vaults });
    expect((await setting.start()).trust.requiredFactor()).toBe('link');
    setting.limits({ factor: 'passkey' });
    expect((await setting.start()).trust.requiredFactor()).toBe('passkey');
  });
});

describe('a limits.json that is not what it must be', () => {
  it.each([
    [{ longestTTL: 5 }, 'longestTTL is not a known key', 'did you mean "longestTtl"?'],
    [{ longestTtl: '5' }, 'longestTtl must be a number from 0 to 1440', undefined],
    [{ factor: 'link' }, 'factor must be "totp" or "passkey"', undefined],
    [{ webhookHosts: 'logs.example.com' }, 'webhookHosts must be a list', undefined],
    ['{ "maxOpen": 3,, }', 'line 1, column 16: a key in double quotes is expected here', undefined],
    ['[]', 'must hold an object in braces', undefined],
  ])('keeps the server from starting, and says why: %j', async (content, why, hint) => {
    setting.write({ vaults });
    setting.limits(content);
    const error = await refused(setting.start());
    expect([error.failure, error.message]).toEqual(['config_invalid', `${join(setting.state, 'limits.json')}: ${why}`]);
    expect(error.hint).toBe(hint);
  });

  it('keeps the server from starting where it cannot be read', async () => {
    setting.write({ vaults });
    mkdirSync(join(setting.state, 'limits.json'));
    expect((await refused(setting.start())).message).toMatch(/limits\.json: cannot be read$/u);
  });

  it('leaves in force what it said before', async () => {
    setting.limits({ longestTtl: 5 });
    const run = await setting.approved({ vaults });
    setting.limits('{');
    await run.trust.look();
    expect(run.minutes()).toBe(5);
    expect(run.said()).toContain('your limits cannot be used any more, and what held before still holds');
  });
});
