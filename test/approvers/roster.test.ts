import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Gate } from '../../src/approvers/define.ts';
import { openGate } from '../../src/approvers/gate.ts';
import { nobody } from '../../src/approvers/records.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import type { Approver, Proof } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { Authenticator } from '../support/authenticator.ts';
import { TestClock } from '../support/clock.ts';
import { origin, pairApp, pairPasskey, refusalOf, stateFolder } from './support.ts';

const none = async (): Promise<void> => undefined;
const anna: Proof = { approver: { name: 'Anna’s phone', factor: 'passkey' }, assertion: null };

interface Scene {
  readonly clock: TestClock;
  readonly folder: string;
  readonly file: string;
  readonly roster: Roster;
  readonly gate: (required?: Approver['factor']) => Gate;
}

async function scene(): Promise<Scene> {
  const clock = new TestClock();
  const folder = await stateFolder();
  const roster = openRoster(folder, clock);
  const gate = (required: Approver['factor'] = 'link'): Gate =>
    openGate({ roster, publicOrigin: () => origin, requiredFactor: () => required, clock, random: systemRandom });
  return { clock, folder, file: join(folder, 'approvers.json'), roster, gate };
}

/** With a passkey and an app, in that order. */
async function both(): Promise<Scene> {
  const world = await scene();
  await pairPasskey(world, new Authenticator());
  await pairApp({ ...world, by: anna });
  return world;
}

const nothing = { link: false, totp: false, passkey: false, elsewhere: null };

describe('who may approve', () => {
  it('is whoever holds the link while nobody was ever paired', async () => {
    const { roster, gate } = await scene();
    expect([await roster.read(), await roster.stamp()]).toEqual([nobody, null]);
    expect(await gate().ways(origin)).toMatchObject({ ...nothing, link: true });
    expect(await gate().generation()).toBe(0);
  });

  it('is never again whoever holds the link, once somebody was paired', async () => {
    const { clock, roster, gate } = await scene();
    await pairApp({ roster, clock });
    expect(await gate().ways(origin)).toEqual({
      ...nothing,
      totp: true,
      says: 'Approving takes a code from your authenticator app; the link alone approves nothing.',
    });
    expect(await gate().byLink()).toMatchObject({ proved: false });
  });

  it('are all who are paired, each by their own factor', async () => {
    const { gate } = await both();
    const ways = await gate().ways(origin);
    expect(ways).toMatchObject({ ...nothing, totp: true, passkey: true });
    expect(ways.says).toContain('your passkey or a code from your authenticator app');
    const elsewhere = await gate().ways('http://localhost:9999');
    expect(elsewhere).toMatchObject({ ...nothing, totp: true, elsewhere: origin });
    expect(elsewhere.says).toContain(`Your passkey counts only at ${origin}`);
  });

  it('is nobody after a reset, until somebody is paired: never back to the link', async () => {
    const { clock, roster, gate } = await both();
    await roster.reset(none);
    expect(await roster.read()).toMatchObject({ approvers: [], resetAt: '2026-01-02T03:04:05.000Z' });
    const ways = await gate().ways(origin);
    expect(ways).toMatchObject(nothing);
    expect(ways.says).toContain('Nothing can be approved: all approvers were removed');
    expect(await gate().byLink()).toMatchObject({ proved: false });
    await pairApp({ roster, clock });
    expect(await gate().ways(origin)).toMatchObject({ ...nothing, totp: true });
  });

  it('is nobody after the last one was removed', async () => {
    const { roster, gate } = await both();
    for (const { id, name, factor } of (await roster.read()).approvers) {
      await roster.remove(id, { by: { approver: { name, factor }, assertion: null }, before: none });
    }
    expect(await gate().ways(origin)).toMatchObject(nothing);
    expect((await gate().ways(origin)).says).toContain('all approvers were removed');
    expect(await gate().byLink()).toMatchObject({ proved: false });
  });

  it('is nobody after a reset of a vault where nobody was paired', async () => {
    const { roster, gate } = await scene();
    await roster.reset(none);
    expect(await gate().ways(origin)).toMatchObject(nothing);
  });

  it.each<[Approver['factor'], Partial<Record<Approver['factor'], boolean>>]>([
    ['link', { totp: true, passkey: true }],
    ['totp', { totp: true, passkey: true }],
    ['passkey', { totp: false, passkey: true }],
  ])('are those with a factor as strong as the user’s limits ask for: %s', async (required, counts) => {
    const { gate } = await both();
    expect(await gate(required).ways(origin)).toMatchObject({ link: false, ...counts });
    const occasion = { purpose: 'decision', about: 'r', origin } as const;
    const byCode = await gate(required).byCode(occasion, '000000');
    expect(!byCode.proved && byCode.says.startsWith('Approving takes')).toBe(counts.totp === false);
  });

  it.each(['totp', 'passkey'] as const)(
    'is nobody while nobody is paired and the limits ask for %s',
    async (required) => {
      const { gate } = await scene();
      expect(await gate(required).ways(origin)).toMatchObject(nothing);
      expect((await gate(required).ways(origin)).says).toContain('your limits ask for');
      expect(await gate(required).byLink()).toMatchObject({ proved: false });
    },
  );

  it('is told with another number whenever it changes, and with the same while devices are only used', async () => {
    const { clock, roster, gate } = await scene();
    const numbers = [await gate().generation()];
    const passkey = await pairPasskey({ roster, clock }, new Authenticator());
    numbers.push(await gate().generation());
    const stamp = await roster.stamp();
    await roster.note((approvers) => approvers.map((approver) => ({ ...approver, counter: 7 })));
    expect(await roster.stamp()).not.toBe(stamp);
    expect(await gate().generation()).toBe(numbers[1]);
    await roster.remove(passkey.id, { by: anna, before: none });
    numbers.push(await gate().generation());
    await roster.reset(none);
    numbers.push(await gate().generation());
    expect(new Set(numbers).size).toBe(4);
  });
});

describe('the file of approvers', () => {
  it('can be read by its owner alone, and holds the secret of an app only there', async () => {
    const { file, roster } = await both();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    const secret = /"secret": "([A-Z2-7]{32})"/.exec(text)?.[1] ?? '';
    expect(secret).toHaveLength(32);
    const approvers = await roster.read();
    expect([JSON.stringify(approvers), inspect(approvers, { depth: 9 })].join()).not.toContain(secret);
  });

  it('keeps the public keys of removed passkeys, and of removed apps nothing', async () => {
    const { file, roster } = await both();
    const [passkey] = (await roster.read()).approvers;
    await roster.reset(none);
    const { former } = await roster.read();
    expect(former).toEqual([{ ...passkey, removedAt: '2026-01-02T03:04:05.000Z' }]);
    expect(await readFile(file, 'utf8')).not.toContain('secret');
  });

  it.each<[string, (text: string) => string]>([
    ['is cut off', (text) => text.slice(0, -3)],
    ['is empty', () => ''],
    ['is of another version', (text) => text.replace('"version": 1', '"version": 2')],
    ['says that nobody was ever paired', (text) => text.replace(/"generation": \d+/, '"generation": 0')],
    ['has a member that we did not write', (text) => text.replace('{', '{"extra":1,')],
    ['has a passkey for another host than its origin', (text) => text.replace('"rpId": "vault', '"rpId": "other')],
    ['has a passkey at an origin without https', (text) => text.replace('"origin": "https', '"origin": "http')],
    ['has a name with hidden characters', (text) => text.replace('Anna’s phone', 'Anna\u202e')],
    ['has two approvers of one name', (text) => text.replace('Anna’s app', 'Anna’s phone')],
    ['has a counter below zero', (text) => text.replace(/"counter": \d+/, '"counter": -1')],
    ['holds a short secret', (text) => text.replace(/"secret": "\w+"/, '"secret": "ABCDEFGH"')],
  ])('lets nobody approve when it %s', async (_, damage) => {
    const { file, gate, roster } = await both();
    const text = await readFile(file, 'utf8');
    const damaged = damage(text);
    expect(damaged).not.toBe(text);
    await writeFile(file, damaged);
    expect(await gate().ways(origin)).toMatchObject(nothing);
    expect((await gate().ways(origin)).says).toContain('cannot be read');
    const occasion = { purpose: 'decision', about: 'r', origin } as const;
    const attempts = [gate().byLink(), gate().byCode(occasion, '000000'), gate().begin(occasion, '{}')];
    expect(await Promise.all(attempts)).toMatchObject([{ proved: false }, { proved: false }, { proved: false }]);
    expect(await gate().generation()).toBeNull();
    expect(await refusalOf(roster.note((approvers) => approvers))).toContain('does not hold what Agent Vault writes');
  });

  it.each(['', '{}', 'null', '{"version":1,"generation":0}'])(
    'can be reset when it is %j, and is not back at the link then',
    async (text) => {
      const { clock, file, gate, roster } = await both();
      await writeFile(file, text);
      await roster.reset(none);
      expect(await gate().ways(origin)).toMatchObject(nothing);
      expect((await gate().ways(origin)).says).toContain('all approvers were removed');
      expect(await gate().generation()).toBeGreaterThan(100);
      await pairApp({ roster, clock });
      expect(await gate().ways(origin)).toMatchObject({ ...nothing, totp: true });
    },
  );

  it('lets nobody approve when others can write it', async () => {
    const { file, gate } = await both();
    await chmod(file, 0o622);
    expect(await gate().ways(origin)).toMatchObject(nothing);
  });
});

describe('a change of who may approve', () => {
  it.each(['add', 'remove', 'reset'])(
    'does not happen when the row before it could not be written: %s',
    async (kind) => {
      const { clock, roster } = await both();
      const before = (): Promise<void> => Promise.reject(new Error('no room'));
      const was = await roster.read();
      const [passkey, app] = was.approvers;
      if (passkey === undefined || app === undefined) throw new Error('nobody is paired');
      const changes: Record<string, () => Promise<unknown>> = {
        add: () =>
          roster.add({ ...passkey, id: 'a-new-one-of-our-own', name: 'New', fingerprint: '' }, { by: anna, before }),
        remove: () => roster.remove(app.id, { by: anna, before }),
        reset: () => roster.reset(before),
      };
      clock.pass(1_000);
      expect(await refusalOf(changes[kind]?.() ?? Promise.resolve())).toBe('no room');
      expect(JSON.stringify(await roster.read())).toBe(JSON.stringify(was));
    },
  );

  it('needs an approver who is paired: removing', async () => {
    const { roster } = await both();
    const [passkey] = (await roster.read()).approvers;
    const eve: Proof = { approver: { name: 'Eve', factor: 'passkey' }, assertion: null };
    for (const by of [null, eve]) {
      const removal = roster.remove(passkey?.id ?? '', { by, before: none });
      expect(await refusalOf(removal)).toBe('an approver who is paired must allow this');
    }
    expect(await refusalOf(roster.remove('nobody', { by: anna, before: none }))).toBe('there is no such approver');
    expect((await roster.read()).approvers).toHaveLength(2);
  });

  it('is not lost when two happen at the same moment', async () => {
    const { clock, roster } = await both();
    const names = ['One', 'Two', 'Three', 'Four'];
    await Promise.all(names.map((name) => pairPasskey({ roster, clock, name, by: anna }, new Authenticator())));
    const { approvers, generation } = await roster.read();
    expect(new Set(approvers.map(({ name }) => name))).toEqual(new Set(['Anna’s phone', 'Anna’s app', ...names]));
    expect(generation).toBe(6);
  });
});
