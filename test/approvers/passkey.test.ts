import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Ceremony, Gate, Occasion } from '../../src/approvers/define.ts';
import { openGate } from '../../src/approvers/gate.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Algorithm, Faults } from '../support/authenticator.ts';
import { Authenticator } from '../support/authenticator.ts';
import { TestClock } from '../support/clock.ts';
import { newRoster, origin, pairPasskey } from './support.ts';

const occasion: Occasion = { purpose: 'decision', about: 'request-1', origin };
const body = '{"approve":true,"request":"request-1"}';

/** A gate with one paired passkey, whose tunnel stands where the test says. */
async function paired(phone = new Authenticator(), faults: Faults = {}) {
  const clock = new TestClock();
  const roster = await newRoster(clock);
  await pairPasskey({ roster, clock, faults }, phone);
  const tunnel: { origin: string | null; outage: string | null } = { origin, outage: null };
  const gate = openGate({
    roster,
    publicOrigin: () => tunnel.origin,
    outage: () => tunnel.outage,
    requiredFactor: () => 'link',
    clock,
    random: systemRandom,
  });
  return { clock, roster, phone, tunnel, gate };
}

async function begun(gate: Gate, where: Partial<Occasion> = {}): Promise<Ceremony> {
  const ceremony = await gate.begin({ ...occasion, ...where }, body);
  if (ceremony.proved !== null) throw new Error(ceremony.says);
  return ceremony;
}

/** What becomes of one assertion with these faults: the approver's name, or what the page says. */
async function tried(world: { gate: Gate; phone: Authenticator }, faults: Faults = {}): Promise<string> {
  const { id, options } = await begun(world.gate);
  const proof = await world.gate.byPasskey(occasion, id, world.phone.sign(options, origin, faults));
  return proof.proved ? proof.approver.name : proof.says;
}

const unverified = 'Your passkey’s answer could not be verified. Please try again.';
const notYou = 'Your device did not check that it is you. It must ask for your fingerprint, face or PIN.';

describe('a passkey', () => {
  it('proves its approver, and leaves what a later check needs', async () => {
    const { gate, phone } = await paired();
    const { id, options } = await begun(gate);
    const proof = await gate.byPasskey(occasion, id, phone.sign(options, origin));
    if (!proof.proved || proof.assertion === null) throw new Error('nothing was proved');
    expect(proof.approver).toEqual({ name: 'Anna’s phone', factor: 'passkey' });
    const assertion: unknown = JSON.parse(proof.assertion);
    const flags = { deviceType: 'singleDevice', backedUp: false, counter: 2 };
    expect(assertion).toMatchObject({ version: 1, credentialId: phone.credentialId, origin, ...flags });
  });

  it.each<Algorithm>(['ES256', 'EdDSA', 'RS256'])('may sign with %s', async (algorithm) => {
    expect(await tried(await paired(new Authenticator(algorithm)))).toBe('Anna’s phone');
  });

  it('signs the purpose, a nonce of 32 bytes and what was decided, and nothing shorter', async () => {
    const { gate, phone } = await paired();
    const { id, options } = await begun(gate);
    const proof = await gate.byPasskey(occasion, id, phone.sign(options, origin));
    if (!proof.proved) throw new Error(proof.says);
    const { nonce } = JSON.parse(proof.assertion ?? '') as { nonce: string };
    const bytes = Buffer.from(nonce, 'base64url');
    expect(bytes).toHaveLength(32);
    const hash = createHash('sha256')
      .update('agent-vault/decision/v1')
      .update(Buffer.from([0]))
      .update(bytes);
    const challenge = hash.update(createHash('sha256').update(body).digest()).digest('base64url');
    expect(options).toMatchObject({ challenge, rpId: 'vault.example.com', userVerification: 'required' });
  });

  it.each<[string, Faults, string]>([
    ['with a bad signature', { badSignature: true }, unverified],
    ['with neither presence nor verification of the user', { up: false, uv: false }, notYou],
    ['of a user who is present and not verified', { uv: false }, notYou],
    ['of a user who is verified and not present', { up: false }, notYou],
    ['out of a frame, where the browser does not name the page around it', { crossOrigin: true }, unverified],
    ['out of a frame', { crossOrigin: true, topOrigin: 'https://evil.example.com' }, unverified],
    ['that names a page around it and denies the frame', { topOrigin: 'https://evil.example.com' }, unverified],
    ['for another origin', { origin: 'https://evil.example.com' }, unverified],
    ['for our host on another port', { origin: `${origin}:8443` }, unverified],
    ['for the wider domain', { rpId: 'example.com' }, unverified],
    ['for another challenge', { challenge: Buffer.alloc(32).toString('base64url') }, unverified],
    ['that is a registration', { type: 'webauthn.create' }, unverified],
    ['of a passkey that is backed up and cannot be', { bs: true }, unverified],
    ['whose counter stands still', { counter: 1 }, unverified],
    ['whose counter has gone back to none', { counter: 0 }, unverified],
  ])('is refused an answer %s', async (_, faults, says) => {
    const world = await paired();
    expect(await tried(world, faults)).toBe(says);
    expect(await tried(world, { counter: 50 })).toBe('Anna’s phone');
  });

  it('is refused when another one signed', async () => {
    const world = await paired();
    const stranger = new Authenticator();
    expect(await tried({ ...world, phone: stranger })).toContain('not paired');
    const { credentialId } = world.phone;
    expect(await tried({ ...world, phone: stranger }, { credentialId })).toBe(unverified);
  });

  it.each(['', 'null', '[]', '{}', '{"id":"x"}', '{"id":"x","response":{}}'])(
    'is refused the answer %j',
    async (text) => {
      const { gate } = await paired();
      const { id } = await begun(gate);
      expect(await gate.byPasskey(occasion, id, text)).toMatchObject({ proved: false, ends: false });
    },
  );

  it('counts where its authenticator does not', async () => {
    const world = await paired(new Authenticator(), { counter: 0 });
    expect(await tried(world, { counter: 0 })).toBe('Anna’s phone');
    expect(await tried(world, { counter: 0 })).toBe('Anna’s phone');
  });

  it('has its counter remembered, and whether it is backed up', async () => {
    const world = await paired(new Authenticator(), { be: true });
    expect(await tried(world, { counter: 9, be: true, bs: true })).toBe('Anna’s phone');
    const { generation, approvers } = await world.roster.read();
    expect({ generation, approvers }).toMatchObject({ generation: 1, approvers: [{ counter: 9, backedUp: true }] });
    expect(await tried(world, { counter: 8, be: true, bs: true })).toBe(unverified);
  });
});

describe('a copy of a passkey', () => {
  it('with the same counter is refused, also when two processes verify at the same moment', async () => {
    const world = await paired();
    const ceremonies = [await begun(world.gate), await begun(world.gate)];
    const tries = ceremonies.map(({ id, options }) =>
      world.gate.byPasskey(occasion, id, world.phone.sign(options, origin, { counter: 5 })),
    );
    expect((await Promise.all(tries)).filter(({ proved }) => proved)).toHaveLength(1);
  });
});

describe('a ceremony', () => {
  it('counts once, also for two answers at the same moment', async () => {
    const { gate, phone } = await paired();
    const { id, options } = await begun(gate);
    const answers = [phone.sign(options, origin), phone.sign(options, origin)];
    const proofs = await Promise.all(answers.map((answer) => gate.byPasskey(occasion, id, answer)));
    expect(proofs.map(({ proved }) => proved)).toEqual([true, false]);
  });

  it('is used up by an answer that fails', async () => {
    const { gate, phone } = await paired();
    const { id, options } = await begun(gate);
    expect(await gate.byPasskey(occasion, id, phone.sign(options, origin, { badSignature: true }))).toMatchObject({
      proved: false,
    });
    expect(await gate.byPasskey(occasion, id, phone.sign(options, origin))).toMatchObject({ proved: false });
  });

  it.each<[string, Partial<Occasion>]>([
    ['another request', { about: 'request-2' }],
    ['another purpose', { purpose: 'home' }],
    ['another purpose of weight', { purpose: 'approvers' }],
  ])('of one request proves nothing about %s, and is gone then', async (_, other) => {
    const { gate, phone } = await paired();
    const { id, options } = await begun(gate);
    const answer = phone.sign(options, origin);
    expect(await gate.byPasskey({ ...occasion, ...other }, id, answer)).toMatchObject({ proved: false });
    expect(await gate.byPasskey(occasion, id, answer)).toMatchObject({ proved: false });
  });

  it('of another request, or over something else, gives a signature that proves nothing here', async () => {
    const { gate, phone } = await paired();
    const other = await begun(gate, { about: 'request-2' });
    const { id } = await begun(gate);
    expect(await gate.byPasskey(occasion, id, phone.sign(other.options, origin))).toMatchObject({ proved: false });
  });

  it.each<[string, (clock: TestClock) => void]>([
    ['has gone by', (clock) => clock.pass(120_000)],
    ['has gone by for people, while the machine slept', (clock) => clock.setWall(120_000)],
    ['has gone by, however the clock was set back', (clock) => (clock.setWall(-3_600_000), clock.pass(120_000))],
  ])('counts no more when its time %s', async (_, go) => {
    const { clock, gate, phone } = await paired();
    const { id, options } = await begun(gate);
    go(clock);
    expect(await gate.byPasskey(occasion, id, phone.sign(options, origin))).toMatchObject({ proved: false });
  });

  it('counts within two minutes', async () => {
    const { clock, gate, phone } = await paired();
    const { id, options } = await begun(gate);
    clock.pass(119_999);
    expect(await gate.byPasskey(occasion, id, phone.sign(options, origin))).toMatchObject({ proved: true });
  });

  it('counts no more once its approver was removed', async () => {
    const { gate, phone, roster } = await paired();
    const { id, options } = await begun(gate);
    await removeAll(roster);
    expect(await gate.byPasskey(occasion, id, phone.sign(options, origin))).toMatchObject({ proved: false });
  });

  it('is kept for the newest few of one request only, and those of other requests are left alone', async () => {
    const { gate, phone } = await paired();
    const other = await begun(gate, { about: 'request-2' });
    const first = await begun(gate);
    const later = [];
    for (let count = 0; count < 20; count += 1) later.push(await begun(gate));
    expect(await gate.byPasskey(occasion, first.id, phone.sign(first.options, origin))).toMatchObject({
      proved: false,
    });
    const [second] = later;
    expect(await gate.byPasskey(occasion, second?.id ?? '', phone.sign(second?.options, origin))).toMatchObject({
      proved: true,
    });
    const about = { ...occasion, about: 'request-2' };
    expect(await gate.byPasskey(about, other.id, phone.sign(other.options, origin))).toMatchObject({ proved: true });
  });
});

describe('where a passkey counts', () => {
  it('is its own host, while this process holds it', async () => {
    const { gate } = await paired();
    const ways = { link: false, totp: false, passkey: true, elsewhere: null };
    expect(await gate.ways(origin)).toEqual({
      ...ways,
      says: 'Approving takes your passkey; the link alone approves nothing.',
    });
  });

  it('is not this machine’s own address: the page names the other', async () => {
    const { gate } = await paired();
    const ways = await gate.ways('http://localhost:9999');
    expect(ways).toMatchObject({ link: false, totp: false, passkey: false, elsewhere: origin });
    expect(ways.says).toBe(`Your passkey counts only at ${origin}: open the link there.`);
    expect(await gate.begin({ ...occasion, origin: 'http://localhost:9999' }, body)).toMatchObject({ proved: false });
  });

  it.each<[string, string | null, string | null, string]>([
    ['the tunnel is down', null, null, 'The tunnel is not open.'],
    ['its host is online elsewhere', null, 'The address is online elsewhere.', 'The address is online elsewhere.'],
    ['the tunnel has another host', 'https://other.example.com', null, 'now reached at https://other.example.com'],
  ])('is nowhere while %s, whatever the page’s own address seems to be', async (_, now, outage, says) => {
    const { gate, phone, tunnel } = await paired();
    const { id, options } = await begun(gate);
    Object.assign(tunnel, { origin: now, outage });
    const ways = await gate.ways(origin);
    expect(ways).toMatchObject({ link: false, totp: false, passkey: false, elsewhere: null });
    expect(ways.says).toContain(says);
    expect(await gate.byPasskey(occasion, id, phone.sign(options, origin))).toMatchObject({ proved: false });
    expect(await gate.byLink()).toMatchObject({ proved: false });
  });
});

async function removeAll(roster: Roster): Promise<void> {
  await roster.reset(async () => undefined);
}
