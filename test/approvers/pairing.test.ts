import { describe, expect, it } from 'vitest';
import type { PairedApprover } from '../../src/approvers/records.ts';
import { openPairing } from '../../src/approvers/pairing.ts';
import type { Pairing } from '../../src/approvers/pairing.ts';
import { checkRegistration, registrationOptions } from '../../src/approvers/registration.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import type { Proof } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Algorithm, Faults } from '../support/authenticator.ts';
import { Authenticator } from '../support/authenticator.ts';
import { TestClock } from '../support/clock.ts';
import { newRoster, origin, refusalOf } from './support.ts';

interface Scene {
  readonly clock: TestClock;
  readonly roster: Roster;
  readonly phone: Authenticator;
  readonly open: (name?: string, by?: Proof | null) => Promise<Pairing>;
}

async function scene(): Promise<Scene> {
  const clock = new TestClock();
  const roster = await newRoster(clock);
  const phone = new Authenticator();
  const open = (name = 'Anna’s phone', by: Proof | null = null) =>
    openPairing({ roster, clock, random: systemRandom, origin, name, by });
  return { clock, roster, phone, open };
}

/** Begins with the pairing's own code; the options, or a failed test. */
async function begun(pairing: Pairing): Promise<unknown> {
  const answer = await pairing.begin(pairing.code);
  if ('refused' in answer) throw new Error(answer.refused);
  return answer.options;
}

async function paired({ open, phone }: Scene, name?: string, by?: Proof): Promise<PairedApprover> {
  const pairing = await open(name, by);
  await pairing.finish(phone.register(await begun(pairing), origin));
  return pairing.confirm(async () => undefined);
}

const anna: Proof = { approver: { name: 'Anna’s phone', factor: 'passkey' }, assertion: null };

describe('pairing a passkey', () => {
  it('stores it once the terminal has said that the fingerprints are the same, and not before', async () => {
    const { roster, phone, open } = await scene();
    const pairing = await open();
    const finished = await pairing.finish(phone.register(await begun(pairing), origin));
    const [fingerprint] = 'refused' in finished ? [] : [finished.fingerprint];
    expect(fingerprint).toMatch(/^[0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4}$/);
    expect([pairing.state(), (await roster.read()).approvers]).toEqual(['shown', []]);
    const stored = await pairing.confirm(async () => undefined);
    expect(stored).toMatchObject({
      name: 'Anna’s phone',
      factor: 'passkey',
      fingerprint,
      rpId: 'vault.example.com',
      origin,
    });
    expect(stored).toMatchObject({
      publicKey: phone.publicKey,
      credentialId: phone.credentialId,
      transports: ['internal'],
    });
    expect(await roster.read()).toMatchObject({ generation: 1, approvers: [stored] });
    expect(pairing.state()).toBe('stored');
  });

  it('takes a code of 128 bits that one browser can use, once', async () => {
    const { open } = await scene();
    const pairing = await open();
    expect(Buffer.from(pairing.code, 'base64url')).toHaveLength(16);
    expect(await pairing.begin('AAAAAAAAAAAAAAAAAAAAAA')).toHaveProperty('refused');
    expect(await pairing.begin('')).toHaveProperty('refused');
    const attempts = await Promise.all([pairing.begin(pairing.code), pairing.begin(pairing.code)]);
    expect(attempts.filter((attempt) => 'options' in attempt)).toHaveLength(1);
    expect(await pairing.begin(pairing.code)).toHaveProperty('refused');
  });

  it.each([
    ['the code waits for five minutes', 299_999, 'options'],
    ['and not longer', 300_000, 'refused'],
  ])('%s', async (_, ms, answer) => {
    const { clock, open } = await scene();
    const pairing = await open();
    clock.pass(ms);
    expect(await pairing.begin(pairing.code)).toHaveProperty(answer);
  });

  it.each(['before the phone is done', 'before it is confirmed'])('ends when five minutes go by %s', async (when) => {
    const { clock, roster, phone, open } = await scene();
    const pairing = await open();
    const answer = phone.register(await begun(pairing), origin);
    if (when === 'before it is confirmed') await pairing.finish(answer);
    clock.pass(300_000);
    expect(pairing.state()).toBe('expired');
    expect(await pairing.finish(answer)).toHaveProperty('refused');
    expect(await refusalOf(pairing.confirm(async () => undefined))).toBe('there is no pairing to confirm');
    expect(await roster.read()).toMatchObject({ generation: 0, approvers: [] });
  });

  it('stores nothing after it was cancelled', async () => {
    const { roster, phone, open } = await scene();
    const pairing = await open();
    await pairing.finish(phone.register(await begun(pairing), origin));
    pairing.cancel();
    expect(await refusalOf(pairing.confirm(async () => undefined))).toBe('there is no pairing to confirm');
    expect((await roster.read()).approvers).toEqual([]);
  });

  it('stores nothing when the audit row before it could not be written', async () => {
    const { roster, phone, open } = await scene();
    const pairing = await open();
    await pairing.finish(phone.register(await begun(pairing), origin));
    expect(await refusalOf(pairing.confirm(() => Promise.reject(new Error('no room'))))).toBe('no room');
    expect([pairing.state(), await roster.read()]).toMatchObject(['failed', { generation: 0, approvers: [] }]);
  });

  it('takes one answer', async () => {
    const { phone, open } = await scene();
    const pairing = await open();
    const answer = phone.register(await begun(pairing), origin);
    const answers = await Promise.all([pairing.finish(answer), pairing.finish(answer)]);
    expect(answers).toMatchObject([{ fingerprint: expect.any(String) }, { refused: expect.any(String) }]);
  });

  it('ends with an answer that does not verify', async () => {
    const { phone, open } = await scene();
    const pairing = await open();
    const options = await begun(pairing);
    expect(await pairing.finish(phone.register(options, origin, { uv: false }))).toHaveProperty('refused');
    expect(pairing.state()).toBe('failed');
    expect(await pairing.finish(phone.register(options, origin))).toHaveProperty('refused');
  });

  it('asks the authenticator to verify its user, for our host alone, with three algorithms and no attestation', async () => {
    const { open } = await scene();
    expect(await begun(await open())).toMatchObject({
      rp: { name: 'Agent Vault', id: 'vault.example.com' },
      user: { name: 'Anna’s phone' },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ alg, type: 'public-key' })),
      attestation: 'none',
      authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
    });
  });

  it('asks it to leave out what is paired already', async () => {
    const world = await scene();
    await paired(world);
    const options = await begun(await world.open('Another', anna));
    expect(options).toMatchObject({ excludeCredentials: [{ id: world.phone.credentialId }] });
  });

  it('is refused where no passkey may be enrolled, with the reason as a hint', async () => {
    const { roster, clock } = await scene();
    const parts = { roster, clock, random: systemRandom, name: 'A', by: null, origin: 'https://abc.loca.lt' };
    await expect(openPairing(parts)).rejects.toMatchObject({ hint: expect.stringContaining('other people') });
  });

  it.each(['', ' A', 'A\nB', 'A\u202eB', 'x'.repeat(61)])('is refused for the name %j', async (name) => {
    const { open } = await scene();
    expect(await refusalOf(open(name))).toContain('visible characters');
  });
});

describe('a second pairing', () => {
  it('needs an approver who is paired', async () => {
    const world = await scene();
    await paired(world);
    const link: Proof = { approver: { name: 'link holder', factor: 'link' }, assertion: null };
    const stranger: Proof = { approver: { name: 'Anna’s phone', factor: 'totp' }, assertion: null };
    for (const by of [null, link, stranger]) {
      expect(await refusalOf(world.open('Another', by))).toBe('an approver who is paired must allow this');
    }
    const second = { ...world, phone: new Authenticator() };
    expect(await paired(second, 'Another', anna)).toMatchObject({ name: 'Another' });
    expect((await world.roster.read()).generation).toBe(2);
  });

  it('cannot slip in as a first one that was begun earlier', async () => {
    const world = await scene();
    const early = await world.open('Early');
    await early.finish(new Authenticator().register(await begun(early), origin));
    await paired(world);
    const refusal = await refusalOf(early.confirm(async () => undefined));
    expect(refusal).toBe('an approver who is paired must allow this');
    expect((await world.roster.read()).approvers.map(({ name }) => name)).toEqual(['Anna’s phone']);
  });

  it('cannot take a name, or a device, that another one took meanwhile', async () => {
    const world = await scene();
    await paired(world);
    const other = new Authenticator();
    const pairings = [await world.open('Same', anna), await world.open('Same', anna), await world.open('Other', anna)];
    const devices = [other, new Authenticator(), other];
    const confirmed = [];
    for (const [at, pairing] of pairings.entries()) {
      await pairing.finish(devices[at]?.register(await begun(pairing), origin) ?? '');
      confirmed.push(await refusalOf(pairing.confirm(async () => undefined)));
    }
    const refusals = ['another approver has this name', 'this device is paired already'];
    expect(confirmed).toEqual(['nothing was refused', ...refusals]);
  });

  it('cannot be allowed by somebody who was removed meanwhile', async () => {
    const world = await scene();
    const first = await paired(world);
    const other = { ...world, phone: new Authenticator() };
    await paired(other, 'Another', anna);
    const pairing = await world.open('Third', anna);
    await pairing.finish(new Authenticator().register(await begun(pairing), origin));
    await world.roster.remove(first.id, { by: anna, before: async () => undefined });
    expect(await refusalOf(pairing.confirm(async () => undefined))).toBe('an approver who is paired must allow this');
  });

  it.each(['Anna’s phone', 'ANNA’S PHONE', 'Ａnna’s phone'])('cannot have the name %s again', async (name) => {
    const world = await scene();
    await paired(world);
    expect(await refusalOf(world.open(name, anna))).toBe('another approver has this name');
  });
});

describe('a registration', () => {
  const place = { challenge: Buffer.alloc(32, 7), rpId: 'vault.example.com', origin };
  const options = registrationOptions(place, { name: 'A', userId: Buffer.alloc(32), paired: [] }, 1_000);

  it.each<Algorithm>(['ES256', 'EdDSA', 'RS256'])(
    'is taken of an authenticator that signs with %s',
    async (algorithm) => {
      const phone = new Authenticator(algorithm);
      const found = await checkRegistration(phone.register(options, origin), place);
      expect(found).toMatchObject({
        publicKey: phone.publicKey,
        deviceType: 'singleDevice',
        backedUp: false,
        counter: 1,
      });
    },
  );

  it('keeps whether the passkey may be synced, and is', async () => {
    const answer = new Authenticator().register(options, origin, { be: true, bs: true });
    expect(await checkRegistration(answer, place)).toMatchObject({ deviceType: 'multiDevice', backedUp: true });
  });

  it.each<[string, Faults]>([
    ['without the user present', { up: false }],
    ['without the user verified', { uv: false }],
    ['with neither', { up: false, uv: false }],
    ['for another origin', { origin: 'https://evil.example.com' }],
    ['for another host', { rpId: 'example.com' }],
    ['for another challenge', { challenge: Buffer.alloc(32, 8).toString('base64url') }],
    ['of a frame on another site', { crossOrigin: true }],
    ['of a frame on another site that is named', { crossOrigin: true, topOrigin: 'https://evil.example.com' }],
    ['that names a site around it', { topOrigin: 'https://evil.example.com' }],
    ['that is an assertion', { type: 'webauthn.get' }],
    ['under an id that is not its own', { credentialId: Buffer.alloc(32, 1).toString('base64url') }],
    ['of a device that is backed up and cannot be', { bs: true }],
  ])('is refused %s', async (_, faults) => {
    expect(await checkRegistration(new Authenticator().register(options, origin, faults), place)).toBeNull();
  });

  it.each(['', 'null', '{}', '{"id":"a","response":{}}', '[]'])('is refused when it is %j', async (text) => {
    expect(await checkRegistration(text, place)).toBeNull();
  });

  it('has its attestation ignored, certificates and all: nothing is fetched for it', async () => {
    const attStmt = new Map([['x5c', [Buffer.from('not a certificate')]]]);
    const answer = new Authenticator().register(options, origin, { attestation: { fmt: 'packed', attStmt } });
    expect(await checkRegistration(answer, place)).toMatchObject({ rpId: 'vault.example.com' });
  });
});
