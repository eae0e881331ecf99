import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { signatureHeaders, signingKey, signingProblem } from '../../src/webhooks/sign.ts';

const body = '{"type":"secret.access.approved","reason":"déploiement 🚀"}';
const at = Date.now();

function shared(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function signed(secrets: readonly string[], id = 'evt_0000000042'): Record<string, string> {
  return { ...signatureHeaders({ id, at, body, keys: secrets.map((each) => signingKey(new Secret(each))) }) };
}

describe('a signature', () => {
  it('is that of the example in the libraries of Standard Webhooks', () => {
    const key = signingKey(new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
    expect(key.signature('msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is accepted by the reference verifier, and no more when anything was changed', () => {
    const secret = shared();
    const headers = signed([secret]);
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    const changes = [
      [body.replace('approved', 'denied'), headers],
      [body, { ...headers, 'webhook-id': 'evt_0000000043' }],
      [body, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) }],
    ] as const;
    for (const [text, changed] of changes) expect(() => new Webhook(secret).verify(text, changed)).toThrow();
    expect(() => new Webhook(shared()).verify(body, headers)).toThrow();
  });

  it('is made with two keys at once while receivers change from one to the other', () => {
    const [old, young] = [shared(), shared()];
    const headers = signed([old, young]);
    expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
    for (const secret of [old, young]) expect(new Webhook(secret).verify(body, headers)).toBeTruthy();
  });

  it('by Ed25519 verifies with the public key that receivers are given, beside a shared one', () => {
    const seed = randomBytes(32);
    const asymmetric = `whsk_${seed.toString('base64')}`;
    const [first, second] = [shared(), asymmetric];
    const headers = signed([first, second]);
    const [v1, v1a] = headers['webhook-signature']!.split(' ');
    expect(v1).toMatch(/^v1,/);
    expect(new Webhook(first).verify(body, headers)).toBeTruthy();
    const { publicKey } = signingKey(new Secret(asymmetric));
    const raw = Buffer.from(publicKey!.replace(/^whpk_/, ''), 'base64');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
    const content = `evt_0000000042.${headers['webhook-timestamp']}.${body}`;
    const signature = Buffer.from(v1a!.replace(/^v1a,/, ''), 'base64');
    expect(verify(null, Buffer.from(content), key, signature)).toBe(true);
    expect(verify(null, Buffer.from(`${content} `), key, signature)).toBe(false);
  });

  it('takes an Ed25519 key as a seed, or as a seed with its public key', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { d, x } = privateKey.export({ format: 'jwk' });
    const [seed, open] = [Buffer.from(d!, 'base64url'), Buffer.from(x!, 'base64url')];
    const keys = [seed, Buffer.concat([seed, open])].map((bytes) =>
      signingKey(new Secret(`whsk_${bytes.toString('base64')}`)),
    );
    expect(keys.map((key) => key.publicKey)).toEqual([0, 1].map(() => `whpk_${open.toString('base64')}`));
    expect(keys[0]!.signature('x')).toBe(keys[1]!.signature('x'));
    expect(signingProblem(`whsk_${Buffer.concat([seed, randomBytes(32)]).toString('base64')}`)).toBe(
      'holds a public key that is not its own',
    );
  });

  it('carries whole seconds, and none is made without a key', () => {
    const headers = signatureHeaders({
      id: 'evt_1',
      at: 1_795_149_600_999,
      body,
      keys: [signingKey(new Secret(shared()))],
    });
    expect(headers['webhook-timestamp']).toBe('1795149600');
    expect(signatureHeaders({ id: 'evt_1', at, body, keys: [] })).toEqual({});
  });
});

describe('a signing secret', () => {
  const bytes = (length: number): string => createHash('shake256', { outputLength: length }).digest('base64');

  it.each([
    ['', 'must start with whsec_ or whsk_'],
    [bytes(32), 'must start with whsec_ or whsk_'],
    [`whpk_${bytes(32)}`, 'is a public key: sign with the secret one, which starts with whsk_'],
    ['whsec_', 'must be base64 after whsec_'],
    ['whsec_not base64', 'must be base64 after whsec_'],
    [`whsec_${bytes(32).replace('=', '')}`, 'must be base64 after whsec_'],
    [`whsec_${bytes(32)}\n`, 'must be base64 after whsec_'],
    [`whsec_${bytes(23)}`, 'must hold 24 to 64 bytes, not 23'],
    [`whsec_${bytes(65)}`, 'must hold 24 to 64 bytes, not 65'],
    [`whsk_${bytes(24)}`, 'must hold 32 or 64 bytes, not 24'],
    [`whsec_${Buffer.alloc(32).toString('base64')}`, /^is not random: /],
    [`whsk_${Buffer.from('abcdefgh'.repeat(4)).toString('base64')}`, /^is not random: /],
  ])('that is weak or malformed is refused with what is wrong: %j', (text, problem) => {
    expect(signingProblem(text)).toMatch(problem);
    const refusal = thrown(() => signingKey(new Secret(text)));
    expect(refusal).toBeInstanceOf(VaultError);
    expect(refusal).toMatchObject({ failure: 'config_invalid' });
    if (text.length > 10) expect(String(refusal)).not.toContain(text.slice(-10));
  });

  it('of any allowed length is taken', () => {
    expect([24, 32, 48, 64].map((length) => signingProblem(`whsec_${bytes(length)}`))).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(signingProblem(`whsk_${bytes(32)}`)).toBeNull();
  });
});

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
