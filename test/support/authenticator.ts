import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** What an attacker's authenticator or browser does otherwise than an honest one. */
export interface Faults {
  /** User present, user verified; both true by default. */
  readonly up?: boolean;
  readonly uv?: boolean;
  /** Backup eligible, backed up; both false by default. */
  readonly be?: boolean;
  readonly bs?: boolean;
  /** The signature counter to report; by default one more than the last time. */
  readonly counter?: number;
  readonly origin?: string;
  readonly rpId?: string;
  /** base64url. */
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  readonly type?: string;
  /** Whether one bit of the signature is wrong. */
  readonly badSignature?: boolean;
  /** The id to answer with. */
  readonly credentialId?: string;
  /** Another attestation statement than none. */
  readonly attestation?: { readonly fmt: string; readonly attStmt: Cbor };
}

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

/**
 * An authenticator with one passkey, and the browser around it, without any of the questions that real ones ask.
 * Options and answers are the JSON forms of https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON
 */
export class Authenticator {
  readonly credentialId = randomBytes(32).toString('base64url');
  readonly #algorithm: Algorithm;
  readonly #key: KeyObject;
  readonly #publicKey: Buffer;
  #counter = 0;

  constructor(algorithm: Algorithm = 'ES256') {
    const { privateKey, publicKey } = keyPair(algorithm);
    this.#algorithm = algorithm;
    this.#key = privateKey;
    this.#publicKey = cbor(coseKey(algorithm, publicKey.export({ format: 'jwk' })));
  }

  /** COSE, base64url. */
  get publicKey(): string {
    return this.#publicKey.toString('base64url');
  }

  /** `RegistrationResponseJSON` as JSON text. @param options `PublicKeyCredentialCreationOptionsJSON` */
  register(options: unknown, origin: string, faults: Faults = {}): string {
    const { challenge, rp } = options as { challenge: string; rp: { id: string } };
    const id = Buffer.from(this.credentialId, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const credential = Buffer.concat([Buffer.alloc(16), length, id, this.#publicKey]);
    const authData = Buffer.concat([this.#head(rp.id, faults, 0x40), credential]);
    const { fmt, attStmt } = faults.attestation ?? { fmt: 'none', attStmt: new Map() };
    const attestation = new Map<string, Cbor>([
      ['fmt', fmt],
      ['attStmt', attStmt],
      ['authData', authData],
    ]);
    return this.#answer(
      {
        clientDataJSON: clientData('webauthn.create', challenge, origin, faults).toString('base64url'),
        attestationObject: cbor(attestation).toString('base64url'),
        transports: ['internal'],
      },
      faults,
    );
  }

  /** `AuthenticationResponseJSON` as JSON text. @param options `PublicKeyCredentialRequestOptionsJSON` */
  sign(options: unknown, origin: string, faults: Faults = {}): string {
    const { challenge, rpId } = options as { challenge: string; rpId: string };
    const data = clientData('webauthn.get', challenge, origin, faults);
    const authenticatorData = this.#head(rpId, faults);
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(data).digest()]);
    const signature = sign(this.#algorithm === 'EdDSA' ? null : 'sha256', signed, this.#key);
    const last = signature.length - 1;
    if (faults.badSignature === true) signature[last] = (signature[last] ?? 0) ^ 1;
    return this.#answer(
      {
        clientDataJSON: data.toString('base64url'),
        authenticatorData: authenticatorData.toString('base64url'),
        signature: signature.toString('base64url'),
      },
      faults,
    );
  }

  #answer(response: Record<string, unknown>, faults: Faults): string {
    const id = faults.credentialId ?? this.credentialId;
    const rest = { authenticatorAttachment: 'platform', clientExtensionResults: {} };
    return JSON.stringify({ id, rawId: id, type: 'public-key', response, ...rest });
  }

  /** https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data */
  #head(rpId: string, faults: Faults, more = 0): Buffer {
    const { up = true, uv = true, be = false, bs = false, counter = this.#counter + 1 } = faults;
    this.#counter = counter;
    const flags = (up ? 0x01 : 0) | (uv ? 0x04 : 0) | (be ? 0x08 : 0) | (bs ? 0x10 : 0) | more;
    const tail = Buffer.alloc(5);
    tail.writeUInt8(flags, 0);
    tail.writeUInt32BE(counter, 1);
    return Buffer.concat([
      createHash('sha256')
        .update(faults.rpId ?? rpId)
        .digest(),
      tail,
    ]);
  }
}

function clientData(type: string, challenge: string, origin: string, faults: Faults): Buffer {
  const { crossOrigin = false, topOrigin } = faults;
  const data = { type: faults.type ?? type, challenge: faults.challenge ?? challenge, origin: faults.origin ?? origin };
  return Buffer.from(JSON.stringify({ ...data, crossOrigin, topOrigin }));
}

function keyPair(algorithm: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** RFC 9053: what COSE calls the members of a key. */
function coseKey(algorithm: Algorithm, { x, y, n, e }: JsonWebKey): Map<number, Cbor> {
  const bytes = (text = ''): Buffer => Buffer.from(text, 'base64url');
  if (algorithm === 'ES256')
    return new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]);
  if (algorithm === 'EdDSA')
    return new Map<number, Cbor>([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(x)],
    ]);
  return new Map<number, Cbor>([
    [1, 3],
    [3, -257],
    [-1, bytes(n)],
    [-2, bytes(e)],
  ]);
}

export type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** RFC 8949, as far as it is needed here. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string') return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<number | string, Cbor>)];
    return Buffer.concat([
      cborHead(5, entries.length),
      ...entries.flatMap(([key, member]) => [cbor(key), cbor(member)]),
    ]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([cborHead(4, items.length), ...items.map(cbor)]);
}

function cborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 0xff]);
}
