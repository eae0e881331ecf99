import { TOTP, URI } from 'otpauth';
import { describe, expect, it } from 'vitest';
import { openAppPairing } from '../../src/approvers/app-pairing.ts';
import type { AppPairing } from '../../src/approvers/app-pairing.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import type { Proof } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { TestClock } from '../support/clock.ts';
import { newRoster, pairApp, refusalOf } from './support.ts';

const none = async (): Promise<void> => undefined;

interface Scene {
  readonly clock: TestClock;
  readonly roster: Roster;
  readonly pairing: AppPairing;
  /** What an app that read the QR code shows. */
  readonly code: () => string;
  readonly wrong: () => string;
}

async function scene(): Promise<Scene> {
  const clock = new TestClock();
  const roster = await newRoster(clock);
  const pairing = await openAppPairing({ roster, clock, random: systemRandom, name: 'Anna’s app', by: null });
  const app = URI.parse(pairing.uri.reveal());
  if (!(app instanceof TOTP)) throw new Error('not an app’s URI');
  const code = (): string => app.generate({ timestamp: clock.wall() });
  const wrong = (): string => (code() === '000000' ? '000001' : '000000');
  return { clock, roster, pairing, code, wrong };
}

describe('pairing an authenticator app', () => {
  it('gives it a secret of 160 bits, as every app reads it', async () => {
    const { pairing } = await scene();
    expect(pairing.secret.reveal()).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(pairing.uri.reveal());
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Agent Vault:Anna’s app',
    ]);
    const secret = pairing.secret.reveal();
    const rest = { issuer: 'Agent Vault', secret, algorithm: 'SHA1', digits: '6', period: '30' };
    expect(Object.fromEntries(uri.searchParams)).toEqual(rest);
    expect(`${String(pairing.secret)} ${JSON.stringify(pairing)}`).not.toContain(secret);
  });

  it('counts once the app has shown a right code, which then is used up', async () => {
    const { clock, roster, pairing, code } = await scene();
    expect((await roster.read()).approvers).toEqual([]);
    const stored = await pairing.confirm(code(), none);
    const lastStep = Math.floor(clock.wall() / 30_000);
    expect(stored).toMatchObject({ name: 'Anna’s app', factor: 'totp', fingerprint: pairing.fingerprint, lastStep });
    expect((await roster.read()).approvers).toMatchObject([{ name: 'Anna’s app', failures: 0, blockedUntil: null }]);
    expect(pairing.state()).toBe('stored');
    expect(await refusalOf(pairing.confirm(code(), none))).toBe('there is no pairing to confirm');
  });

  it('takes another try after a wrong code, and ends at the fifth', async () => {
    const { roster, pairing, code, wrong } = await scene();
    for (let count = 0; count < 4; count += 1) expect(await pairing.confirm(wrong(), none)).toHaveProperty('refused');
    expect(await pairing.confirm('not a code', none)).toHaveProperty('refused');
    expect(pairing.state()).toBe('open');
    expect(await pairing.confirm(wrong(), none)).toHaveProperty('refused');
    expect(pairing.state()).toBe('failed');
    expect(await refusalOf(pairing.confirm(code(), none))).toBe('there is no pairing to confirm');
    expect((await roster.read()).approvers).toEqual([]);
  });

  it.each<[string, (scene: Scene) => void]>([
    ['five minutes', ({ clock }) => clock.pass(300_000)],
    ['it was cancelled', ({ pairing }) => pairing.cancel()],
  ])('stores nothing after %s', async (_, end) => {
    const world = await scene();
    end(world);
    expect(await refusalOf(world.pairing.confirm(world.code(), none))).toBe('there is no pairing to confirm');
    expect((await world.roster.read()).approvers).toEqual([]);
  });

  it('stores one app when it is confirmed twice at the same moment', async () => {
    const { roster, pairing, code } = await scene();
    const both = [pairing.confirm(code(), none), pairing.confirm(code(), none)];
    const refusals = await Promise.all(both.map(refusalOf));
    expect(refusals).toEqual(['nothing was refused', 'there is no pairing to confirm']);
    expect((await roster.read()).approvers).toHaveLength(1);
  });

  it('needs an approver as soon as one is paired', async () => {
    const { clock, roster } = await scene();
    await pairApp({ roster, clock });
    const again = openAppPairing({ roster, clock, random: systemRandom, name: 'Another', by: null });
    expect(await refusalOf(again)).toBe('an approver who is paired must allow this');
    const by: Proof = { approver: { name: 'Anna’s app', factor: 'totp' }, assertion: null };
    await pairApp({ roster, clock, name: 'Another', by });
    expect((await roster.read()).approvers).toHaveLength(2);
  });
});
