import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { hook, local, person, Setting } from './setting.ts';
import type { Run } from './setting.ts';

let setting: Setting;
beforeEach(() => {
  setting = new Setting();
});
afterEach(() => setting.remove());

const vaults = { local };
const logs = 'https://logs.example.com/events/path';
const ports = { clock: systemClock, random: systemRandom, log: createLog(() => undefined) };

describe('a config that nobody has approved', () => {
  it('posts nothing, opens no window, and says what it would allow', async () => {
    setting.write({ vaults, webhooks: [hook] });
    const run = await setting.start();
    expect(run.posts()).toEqual([]);
    expect(run.minutes()).toBe(0);
    expect(run.trust.policyOf('local', false)?.ttlMs).toBe(0);
    expect(run.trust.policyOf('local', true)?.ttlMs).toBe(900_000);
    expect(run.trust.proposal()).toMatchObject({ isNew: true, file: setting.file });
    expect(run.says()).toEqual([
      'webhook logs.example.com: posts every decision to https://logs.example.com, with the variable OP_SERVICE_ACCOUNT_TOKEN as authorization',
      `vault local: uses the file ${join(setting.folder.cwd, '.env.secrets')}`,
      'vault local: repeat reads pass for 15 minutes, for the secrets that you approve',
    ]);
    expect(run.said()).toContain(`nobody has approved ${setting.file} yet`);
  });

  it('counts from its approval on, also after a new start', async () => {
    setting.write({ vaults, webhooks: [hook] });
    const run = await setting.start();
    const proposed = run.trust.proposal()?.digest;
    await run.approve();
    expect(run.posts()).toEqual([logs]);
    expect(run.trust.inForce().webhooks[0]?.authorization?.reveal()).toBe('ops_token');
    expect(run.minutes()).toBe(15);
    expect(run.trust.version()).toBe(proposed);
    expect(run.trust.proposal()).toBeNull();
    expect(run.closed()).toEqual(['local']);
    const next = await setting.start();
    expect(next.trust.proposal()).toBeNull();
    expect(next.trust.version()).toBe(proposed);
    expect([next.minutes(), next.posts()]).toEqual([15, [logs]]);
  });

  it('is not approved by the digest of something else', async () => {
    setting.write({ vaults, webhooks: [hook] });
    const run = await setting.start();
    expect(await run.trust.accept(run.trust.version(), person)).toBe(false);
    expect([run.minutes(), run.posts(), setting.kept()]).toEqual([0, [], '']);
  });

  it('cannot weaken what protects from floods of requests', async () => {
    const approval = { expiresIn: 600, maxOpen: 1000, maxPerHour: 10_000, cooldown: 0, wait: 50 };
    setting.write({ vaults, approval });
    const run = await setting.start();
    expect(run.trust.inForce().approval).toEqual({
      expiresInMs: 300_000,
      waitMs: 50_000,
      maxOpen: 20,
      maxPerHour: 60,
      cooldownMs: 600_000,
    });
    await run.approve();
    expect(run.trust.inForce().approval).toMatchObject({ expiresInMs: 600_000, maxOpen: 1000, cooldownMs: 0 });
  });

  it('stays so where only another config was approved, even one with the same words', async () => {
    await setting.approved({ vaults: { local: { ...local, file: '/secrets.env' } } });
    const elsewhere = join(setting.folder.path, 'clone');
    setting.folder.write('clone/agent-vault.config.json', { vaults: { local: { ...local, file: '/secrets.env' } } });
    const run = await setting.start(elsewhere);
    expect([run.minutes(), run.trust.proposal()?.isNew]).toEqual([0, true]);
  });

  it('is the environment of one folder where there is no file', async () => {
    setting.env = { AGENT_VAULT_ENV_FILE: '/secrets.env' };
    const run = await setting.start();
    expect(run.trust.proposal()?.file).toBe(`the environment, in ${setting.folder.cwd}`);
    await run.approve();
    expect((await setting.start()).trust.proposal()).toBeNull();
    const elsewhere = join(setting.folder.path, 'other');
    mkdirSync(elsewhere);
    expect((await setting.start(elsewhere)).trust.proposal()?.isNew).toBe(true);
    expect(setting.kept()).toContain(`environment in ${realpathSync(setting.folder.cwd)}`);
  });
});

describe('what is kept of an approval', () => {
  it('says who gave it, when and how, and holds no value of a secret', async () => {
    const hooks = [hook, { url: `${logs}/T0KEN`, authorization: 'Splunk literal' }];
    await setting.approved({ vaults, webhooks: hooks, ngrokAuthToken: 'literal-token' });
    expect(setting.kept()).toContain('https://logs.example.com');
    expect(setting.kept()).not.toMatch(/ops_token|T0KEN|literal|events\/path/u);
    const pins = Object.values((JSON.parse(setting.kept()) as { pins: object }).pins);
    expect(pins).toEqual([
      {
        digest: expect.stringMatching(/^[\da-f]{64}$/u),
        by: person,
        approvedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u),
        policy: expect.anything(),
      },
    ]);
  });

  it('counts for nothing once it does not fit its digest', async () => {
    await setting.approved({ vaults, webhooks: [hook] });
    setting.folder.write('state/trust.json', setting.kept().replace('"ttlMs": 900000', '"ttlMs": 900001'));
    chmodSync(join(setting.state, 'trust.json'), 0o600);
    const run = await setting.start();
    expect([run.minutes(), run.posts(), run.trust.proposal()?.isNew]).toEqual([0, [], true]);
  });
});

describe('a tunnel that nobody has approved', () => {
  async function start(content: object, env: Record<string, string> = {}): Promise<Run> {
    setting.env = env;
    setting.write({ vaults, ...content });
    return setting.start();
  }

  const refused = { failure: 'tunnel_unavailable', message: 'the tunnel in this config has not been approved yet' };

  /** What comes of connecting; never to be tried with a tunnel that may be used. */
  async function refusal(run: Run): Promise<unknown> {
    const { tunnel } = run.trust.inForce();
    if (tunnel === run.config.tunnel) return 'it would be used';
    return tunnel
      ?.open(ports)
      .connect(9)
      .catch((thrown: unknown) => thrown);
  }

  it.each([
    ['by default', {}],
    ['by name', { ngrokAuthToken: 'env:NGROK_AUTHTOKEN', ngrokDomain: 'a.example.com', tunnel: { type: 'ngrok' } }],
  ])('is used with the token of the environment: %s', async (_, content) => {
    const run = await start(content, { NGROK_AUTHTOKEN: 'mine' });
    expect(run.config.tunnel).not.toBeNull();
    expect(run.trust.inForce().tunnel).toBe(run.config.tunnel);
  });

  it('is used where it leads nowhere', async () => {
    const run = await start({ tunnel: { type: 'none' } });
    expect(run.trust.inForce().tunnel).toBe(run.config.tunnel);
  });

  it.each([
    ['a token in the config', { ngrokAuthToken: 'planted' }, {}],
    ['the token of another variable', { ngrokAuthToken: 'env:OTHER' }, { OTHER: 'x', NGROK_AUTHTOKEN: 'mine' }],
    ['another service', { tunnel: { type: 'ngrok', server_addr: 'localhost:1' } }, { NGROK_AUTHTOKEN: 'mine' }],
  ])('is not used with %s', async (_, content, env) => {
    expect(await refusal(await start(content, env))).toMatchObject(refused);
  });

  it.each(['NGROK_AUTHTOKEN=planted\n', 'KIND=ngrok\nNGROK_AUTHTOKEN=planted\n'])(
    'is not used with a token in the .env beside the config',
    async (beside) => {
      setting.folder.write('project/.env', beside);
      const content = beside.startsWith('KIND') ? { tunnel: { type: 'env:KIND' } } : {};
      expect(await refusal(await start(content))).toMatchObject(refused);
    },
  );

  it('is used from the start after the approval', async () => {
    const run = await start({ ngrokAuthToken: 'mine' });
    await run.approve();
    expect(await refusal(run)).toMatchObject(refused);
    expect(run.said()).toContain('the tunnel will be as it says from the next start on');
    const next = await setting.start();
    expect(next.trust.inForce().tunnel).toBe(next.config.tunnel);
    expect(await refusal(await start({ ngrokAuthToken: 'another' }))).toMatchObject(refused);
    const own = await start({}, { NGROK_AUTHTOKEN: 'mine' });
    expect(own.trust.inForce().tunnel).toBe(own.config.tunnel);
  });
});

describe('a state folder that cannot be used', () => {
  it.each([
    ['is not what we wrote', () => setting.folder.write('state/trust.json', '{"pins": 1}')],
    ['can be written by others', () => chmodSync(setting.folder.write('state/trust.key', '"00"'), 0o666)],
    ['is not there', () => (setting.gone = true)],
  ])('leaves every config without approval, and says so: %s', async (_, spoil) => {
    setting.write({ vaults, webhooks: [hook] });
    spoil();
    const run = await setting.start();
    expect([run.minutes(), run.posts(), run.trust.proposal()]).toEqual([0, [], null]);
    await expect(run.trust.accept(run.trust.version(), person)).rejects.toThrow(/cannot|does not hold|can be written/u);
    await run.trust.look();
    expect([run.minutes(), run.posts()]).toEqual([0, []]);
    expect(run.said().match(/this config counts as not approved/gu)).toHaveLength(1);
  });

  it('loses what was approved as soon as that is unreadable', async () => {
    const run = await setting.approved({ vaults, webhooks: [hook] });
    setting.folder.write('state/trust.json', 'nonsense');
    await run.trust.look();
    expect([run.minutes(), run.posts()]).toEqual([0, []]);
    expect(run.closed()).toEqual(['local', 'local']);
  });
});
