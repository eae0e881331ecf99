import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hook, local, person, Setting } from './setting.ts';
import type { Run } from './setting.ts';

let setting: Setting;
beforeEach(() => {
  setting = new Setting();
});
afterEach(() => setting.remove());

const vaults = { local };
const logs = 'https://logs.example.com/events/path';

/** The vault's policy in force, in the order of the keys of the config. */
function policy(run: Run): unknown[] {
  const { ttlMs, scope, writable, confirm } = run.vault().policy;
  return [ttlMs / 60_000, scope, writable, confirm];
}

async function edit(run: Run, content: unknown): Promise<void> {
  setting.write(content);
  await run.trust.look();
}

describe('an edit of the config while the server runs', () => {
  it('of the window and a webhook changes nothing until a person approves, who sees exactly these two', async () => {
    const run = await setting.approved({ vaults });
    const before = run.trust.version();
    await edit(run, { vaults: { local: { ...local, ttl: 1440 } }, webhooks: [hook] });
    expect([run.minutes(), run.posts(), run.trust.version()]).toEqual([15, [], before]);
    expect(run.trust.proposal()).toMatchObject({ isNew: false, file: setting.file });
    expect(run.lines()).toEqual([
      { subject: 'vault local', says: 'repeat reads pass for 1 day instead of 15 minutes', isWide: true },
      {
        subject: 'webhook logs.example.com',
        says: 'is new: posts every decision to https://logs.example.com, with the variable OP_SERVICE_ACCOUNT_TOKEN as authorization',
        isWide: true,
      },
    ]);
    expect(run.closed()).toEqual(['local']);
    await run.approve();
    expect([run.minutes(), run.posts(), run.trust.proposal()]).toEqual([1440, [logs], null]);
    expect(run.closed()).toEqual(['local', 'local']);
  });

  it('of the window and a webhook changes nothing at the next start either', async () => {
    await setting.approved({ vaults });
    setting.write({ vaults: { local: { ...local, ttl: 1440 } }, webhooks: [hook] });
    const run = await setting.start();
    expect([run.minutes(), run.posts()]).toEqual([15, []]);
    expect(run.lines()).toHaveLength(2);
  });

  it.each([
    ['a shorter window', { ttl: 5 }, [5, 'vault', true, 'tap']],
    ['the secret instead of the vault', { ttlScope: 'secret' }, [15, 'secret', true, 'tap']],
    ['no writing', { writable: false }, [15, 'vault', false, 'tap']],
    ['two digits', { confirm: 'code' }, [15, 'vault', true, 'code']],
  ])('tightens at once, closes the windows, and needs an approval to go back: %s', async (_, change, tight) => {
    const wide = { vaults: { local: { ...local, ttlScope: 'vault', writable: true } } };
    const run = await setting.approved(wide);
    await edit(run, { vaults: { local: { ...wide.vaults.local, ...change } } });
    expect([policy(run), run.trust.proposal()]).toEqual([tight, null]);
    expect(run.closed()).toEqual(['local', 'local']);
    await edit(run, wide);
    expect([policy(run), run.lines().length]).toEqual([tight, 1]);
    const next = await setting.start();
    expect([policy(next), next.says()]).toEqual([tight, run.says()]);
    await next.approve();
    expect(policy(next)).toEqual([15, 'vault', true, 'tap']);
  });

  it('tightens requests at once, and proposes the rest', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, { vaults, approval: { expiresIn: 60, maxOpen: 5, maxPerHour: 6, cooldown: 1200 } });
    const tight = { expiresInMs: 60_000, waitMs: null, maxOpen: 5, maxPerHour: 6, cooldownMs: 1_200_000 };
    expect([run.trust.inForce().approval, run.trust.proposal()]).toEqual([tight, null]);
    await edit(run, { vaults });
    expect(run.trust.inForce().approval).toEqual(tight);
    expect(run.says()).toEqual([
      'requests: wait for you 5 minutes instead of 1 minute',
      'requests: may be up to 20 at once instead of 5',
      'requests: may be up to 60 within an hour instead of 6',
      'requests: may come again after 10 minutes when you have denied them, instead of after 20 minutes',
    ]);
  });

  it('takes a vault away at once, and gives it back after an approval only', async () => {
    const other = { type: 'env', file: 'other.env', ttl: 30 };
    const run = await setting.approved({ vaults: { local, other } });
    await edit(run, { vaults });
    expect([run.names(), run.trust.policyOf('other', false), run.trust.proposal()]).toEqual([['local'], null, null]);
    await edit(run, { vaults: { local, other } });
    expect([run.names(), run.minutes('other'), run.minutes('local')]).toEqual([['local', 'other'], 0, 15]);
    expect(run.says()).toEqual(['vault other: repeat reads pass for 30 minutes instead of asking each time']);
  });

  it('taking a vault away and bringing it back loosens nothing of it', async () => {
    const strict = { type: 'env', file: 'other.env', confirm: 'code' };
    const run = await setting.approved({ vaults: { local, strict } });
    await edit(run, { vaults });
    const loose = { ...strict, confirm: 'tap', writable: true };
    await edit(run, { vaults: { local, strict: loose } });
    const asked = { ttlMs: 0, scope: 'secret', writable: false, confirm: 'code' };
    expect(run.trust.policyOf('strict', false)).toEqual(asked);
    expect((await setting.start()).trust.policyOf('strict', false)).toEqual(asked);
    expect(run.says()).toEqual([
      'vault strict: agents may ask to write',
      'vault strict: a tap approves, without the two digits that stand at the terminal',
    ]);
    await run.approve();
    expect(run.trust.policyOf('strict', false)).toEqual({ ...asked, writable: true, confirm: 'tap' });
  });

  it('calling a vault by another name does not do without the two digits', async () => {
    const strict = { type: 'env', file: 'other.env', confirm: 'code' };
    const run = await setting.approved({ vaults: { local, strict } });
    await edit(run, { vaults: { local, renamed: { ...strict, confirm: 'tap' } } });
    expect(run.trust.policyOf('renamed', false)?.confirm).toBe('code');
    await run.approve();
    expect(run.trust.policyOf('renamed', false)?.confirm).toBe('tap');
  });

  it('leaves a person a minute to approve something else: nobody is locked out by a shorter expiry', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, { vaults, approval: { expiresIn: 1 } });
    expect(run.trust.inForce().approval.expiresInMs).toBe(60_000);
    expect(run.says()).toEqual(['requests: wait for you 1 second instead of 1 minute']);
    await run.approve();
    expect(run.trust.inForce().approval.expiresInMs).toBe(1_000);
  });

  it('adds a vault that can be asked for, but opens no window', async () => {
    const run = await setting.approved({ vaults });
    const before = run.vault();
    await edit(run, { vaults: { local, second: { type: 'env', file: 'b.env', ttl: 30 } } });
    expect([run.minutes('second'), run.minutes('local')]).toEqual([0, 15]);
    expect(run.trust.policyOf('second', true)?.ttlMs).toBe(1_800_000);
    expect(run.vault()).toEqual(before);
    expect(run.closed()).toEqual(['local', 'second']);
  });

  it('leaves a running vault at the source it has until a person approves the other', async () => {
    const run = await setting.approved({ vaults });
    const before = run.vault();
    const moved = { vaults: { local: { ...local, file: '/etc/other.env' } } };
    await edit(run, moved);
    expect([run.vault(), run.minutes()]).toEqual([before, 15]);
    expect(run.says()).toEqual([
      `vault local: uses the file /etc/other.env; until now it uses the file ${join(setting.folder.cwd, '.env.secrets')}`,
    ]);
    const next = await setting.start();
    expect([next.minutes(), next.says()]).toEqual([0, run.says()]);
    await run.approve();
    expect(run.vault()).not.toEqual(before);
    expect([run.minutes(), run.closed()]).toEqual([15, ['local', 'local']]);
  });

  it('back to the approved source makes a vault count again that was started with another', async () => {
    await setting.approved({ vaults });
    setting.write({ vaults: { local: { ...local, file: '/etc/other.env' } } });
    const run = await setting.start();
    expect(run.minutes()).toBe(0);
    await edit(run, { vaults });
    expect([run.minutes(), run.trust.proposal()]).toEqual([15, null]);
  });

  it('lets a vault work whose variable was not set before', async () => {
    const content = { vaults: { local: { type: 'env', file: 'env:WHERE' } } };
    setting.write(content);
    const run = await setting.start();
    expect(run.vault()).toHaveProperty('unavailable');
    setting.folder.write('project/.env', 'WHERE=/secrets.env\n');
    await run.trust.look();
    expect(run.vault()).toHaveProperty('open');
  });

  it('keeps a webhook that it takes away, until a person approves that or the server ends', async () => {
    const run = await setting.approved({ vaults, webhooks: [hook, { url: 'https://second.example.com' }] });
    await edit(run, { vaults, webhooks: [{ url: 'https://second.example.com' }] });
    expect(run.posts().sort()).toEqual([logs, 'https://second.example.com']);
    expect(run.lines()).toEqual([
      {
        subject: 'webhook logs.example.com',
        says: expect.stringContaining('is removed; until now it posts '),
        isWide: false,
      },
    ]);
    expect((await setting.start()).posts()).toEqual(['https://second.example.com']);
    await run.approve();
    expect(run.posts()).toEqual(['https://second.example.com']);
  });

  it('releases nothing from the next start on if a webhook that must hear of it is gone or another, until that is approved', async () => {
    const must = { ...hook, required: true };
    const run = await setting.approved({ vaults, webhooks: [must] });
    const other = { url: 'https://evil.example', required: true };
    for (const webhooks of [[], [hook], [other], [{ ...must, format: 'standard' }]]) {
      await edit(run, { vaults, webhooks });
      expect(run.trust.inForce()).toMatchObject({ lacksWitness: false, webhooks: [{ required: true, url: hook.url }] });
      const next = await setting.start();
      expect(next.trust.inForce()).toMatchObject({ lacksWitness: true, webhooks: [] });
    }
    setting.write({ vaults, webhooks: [must, { url: 'https://second.example.com' }] });
    expect((await setting.start()).trust.inForce().lacksWitness).toBe(false);
    setting.write({ vaults });
    const next = await setting.start();
    await next.approve();
    expect(next.trust.inForce().lacksWitness).toBe(false);
  });

  it('does not let a webhook post something else, or to another path of the same host', async () => {
    const run = await setting.approved({ vaults, webhooks: [{ url: logs, events: ['denied'] }] });
    for (const changed of [
      { url: logs, events: ['approved'] },
      { url: `${logs}2`, events: ['denied'] },
      { ...hook, events: ['denied'] },
    ]) {
      await edit(run, { vaults, webhooks: [changed] });
      expect(run.trust.inForce().webhooks).toMatchObject([{ url: logs, events: ['denied'] }]);
      expect(run.trust.inForce().webhooks[0]).not.toHaveProperty('authorization');
      expect(run.lines().filter(({ isWide }) => isWide)).toHaveLength(1);
    }
  });

  it('says which variable has another value', async () => {
    await setting.approved({ vaults: { dev: { type: '1password' } }, webhooks: [hook] });
    setting.env = { OP_SERVICE_ACCOUNT_TOKEN: 'another' };
    const run = await setting.start();
    expect([run.posts(), run.minutes('dev')]).toEqual([[], 0]);
    expect(run.says()).toEqual([
      'vault dev: uses 1Password with the variable OP_SERVICE_ACCOUNT_TOKEN as token, and there all vaults that it sees; OP_SERVICE_ACCOUNT_TOKEN holds another value than before',
      expect.stringMatching(
        /with the variable OP_SERVICE_ACCOUNT_TOKEN as authorization, which is another value than before$/u,
      ),
    ]);
  });

  it('notices an edit of the .env beside the config', async () => {
    setting.env = {};
    setting.folder.write('project/.env', 'WHERE=/a.env\n');
    const run = await setting.approved({ vaults: { local: { ...local, file: 'env:WHERE' } } });
    setting.folder.write('project/.env', 'WHERE=/other.env\n');
    await run.trust.look();
    expect(run.says()).toEqual([expect.stringContaining('WHERE holds another value than before')]);
  });

  it('moves pages and log only from the start after its approval', async () => {
    const run = await setting.approved({ vaults, port: 1234 });
    await edit(run, { vaults, port: 4321, audit: { file: '/var/log/a.db' } });
    const start = await setting.start();
    for (const { trust } of [run, start]) expect(trust.inForce()).toMatchObject({ port: 1234, auditFile: null });
    expect(start.says()).toEqual([
      'approval pages: are on port 4321 of this machine instead of port 1234',
      'audit log: is written to /var/log/a.db instead of agent-vault.db in the working directory',
    ]);
    await run.approve();
    expect(run.trust.inForce()).toMatchObject({ port: 1234, auditFile: null });
    expect(run.said()).toContain('the port and the audit log will be as it says from the next start on');
    expect((await setting.start()).trust.inForce()).toMatchObject({ port: 4321, auditFile: '/var/log/a.db' });
  });

  it('of the order of things is none', async () => {
    const other = { type: 'env', file: 'b.env' };
    const second = { url: 'https://b.example' };
    const run = await setting.approved({ vaults: { local, other }, webhooks: [hook, second] });
    const version = run.trust.version();
    await edit(run, { webhooks: [second, hook], vaults: { other, local } });
    expect([run.trust.proposal(), run.trust.version()]).toEqual([null, version]);
  });
});

describe('a config that is not there or cannot be read any more', () => {
  it.each([
    ['is no JSON', () => setting.write('{')],
    ['is gone', () => unlinkSync(setting.file)],
    [
      'gave way to that of the home folder',
      () => {
        setting.folder.write('home/.agent-vault.config.json', { vaults: { ...vaults, more: local } });
        unlinkSync(setting.file);
      },
    ],
  ])('leaves in force what was, and is said once: %s', async (_, spoil) => {
    const run = await setting.approved({ vaults, webhooks: [hook] });
    const before = run.trust.version();
    spoil();
    await run.trust.look();
    await run.trust.look();
    expect([run.trust.version(), run.minutes(), run.posts(), run.trust.proposal()]).toEqual([before, 15, [logs], null]);
    expect(run.said().match(/what held before still holds/gu)).toHaveLength(1);
  });

  it('is looked at again when it is back', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, '{');
    await edit(run, { vaults: { local: { ...local, ttl: 1 } } });
    expect(run.minutes()).toBe(1);
  });
});

describe('a config behind a symbolic link', () => {
  const target = (name: string): string => join(setting.folder.path, name, 'agent-vault.config.json');

  async function linked(): Promise<Run> {
    setting.folder.write('mine/agent-vault.config.json', { vaults: { local: { ...local, file: '/a.env' } } });
    setting.folder.write('theirs/agent-vault.config.json', { vaults: { local: { ...local, file: '/a.env' } } });
    symlinkSync(target('mine'), setting.file);
    const run = await setting.start();
    await run.approve();
    return run;
  }

  it('is approved as the file that it is', async () => {
    await linked();
    expect((await setting.start()).trust.proposal()).toBeNull();
    expect(setting.kept()).toContain(JSON.stringify(target('mine')));
  });

  it('has no approval once the link leads elsewhere', async () => {
    const run = await linked();
    unlinkSync(setting.file);
    symlinkSync(target('theirs'), setting.file);
    await run.trust.look();
    expect([run.minutes(), run.trust.proposal()]).toEqual([15, null]);
    expect(run.said()).toContain('another file has taken its place');
    const next = await setting.start();
    expect([next.minutes(), next.trust.proposal()?.isNew]).toEqual([0, true]);
  });

  it('is not the same where only its folder is linked elsewhere', async () => {
    await setting.approved({ vaults: { local: { ...local, file: '/a.env' } } });
    renameSync(setting.folder.cwd, join(setting.folder.path, 'moved'));
    setting.folder.write('theirs/agent-vault.config.json', { vaults: { local: { ...local, file: '/a.env' } } });
    symlinkSync(join(setting.folder.path, 'theirs'), setting.folder.cwd);
    expect((await setting.start()).trust.proposal()?.isNew).toBe(true);
  });
});

describe('two servers with one config', () => {
  it('both have what a person approved at one of them', async () => {
    const one = await setting.approved({ vaults });
    const other = await setting.start();
    await edit(one, { vaults, webhooks: [hook] });
    await other.trust.look();
    await one.approve();
    expect(other.posts()).toEqual([]);
    await other.trust.look();
    expect([other.posts(), other.trust.proposal()]).toEqual([[logs], null]);
  });

  it('both lose it when it is taken back', async () => {
    const one = await setting.approved({ vaults });
    const other = await setting.start();
    rmSync(join(setting.state, 'trust.json'));
    for (const { trust } of [one, other]) await trust.look();
    expect([one.minutes(), other.minutes()]).toEqual([0, 0]);
    expect(other.closed()).toEqual(['local']);
  });
});

describe('a look', () => {
  it('that finds nothing new tells nobody', async () => {
    const run = await setting.approved({ vaults });
    const told = run.changes.length;
    await Promise.all([run.trust.look(), run.trust.look()]);
    await run.trust.look();
    expect(run.changes).toHaveLength(told);
  });

  it('at the same time as an approval leaves what was approved', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, { vaults, webhooks: [hook] });
    const digest = run.trust.proposal()?.digest ?? '';
    const [, accepted] = await Promise.all([run.trust.look(), run.trust.accept(digest, person), run.trust.look()]);
    expect([accepted, run.posts()]).toEqual([true, [logs]]);
  });

  it('that finds another change first makes an approval of the one before fail', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, { vaults, webhooks: [hook] });
    const digest = run.trust.proposal()?.digest ?? '';
    await edit(run, { vaults, webhooks: [{ ...hook, url: 'https://evil.example' }] });
    expect([await run.trust.accept(digest, person), run.posts()]).toEqual([false, []]);
  });

  it('that is under way when an approval comes goes first', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, { vaults, webhooks: [hook] });
    const digest = run.trust.proposal()?.digest ?? '';
    const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
    const { promise: held, resolve: letGo } = Promise.withResolvers<undefined>();
    setting.reloading = async () => {
      begin(undefined);
      await held;
    };
    setting.write({ vaults, webhooks: [{ ...hook, url: 'https://evil.example' }] });
    const look = run.trust.look();
    await begun;
    const accepted = run.trust.accept(digest, person);
    letGo(undefined);
    await look;
    expect([await accepted, run.posts()]).toEqual([false, []]);
  });

  it('that failed is repeated, though nothing has changed since', async () => {
    const run = await setting.approved({ vaults });
    setting.reloading = () => Promise.reject(new Error('too many open files'));
    await edit(run, { vaults: { local: { ...local, ttl: 1 } } });
    expect([run.minutes(), run.said()]).toEqual([15, expect.not.stringContaining('too many open files')]);
    setting.reloading = () => Promise.resolve();
    await run.trust.look();
    expect(run.minutes()).toBe(1);
  });

  it('changes nothing when an approval cannot be written down', async () => {
    const run = await setting.approved({ vaults });
    await edit(run, { vaults, webhooks: [hook] });
    rmSync(join(setting.state, 'trust.json'));
    mkdirSync(join(setting.state, 'trust.json'));
    const version = run.trust.version();
    await expect(run.approve()).rejects.toThrow('the state file trust.json');
    expect([run.posts(), run.trust.version()]).toEqual([[], version]);
  });
});
