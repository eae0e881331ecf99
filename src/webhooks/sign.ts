import type { KeyObject } from 'node:crypto';
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { VaultError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';

/** Signs as Standard Webhooks 1.0.0 says. */
export interface SigningKey {
  /** "v1,…" or "v1a,…". */
  signature(content: string): string;
  /** "whpk_…", for receivers; null for a shared secret. */
  readonly publicKey: string | null;
}

export interface Signing {
  /** Of the message: the same at every attempt. Without a dot. */
  readonly id: string;
  /** Wall clock of this attempt, milliseconds. */
  readonly at: number;
  /** Exactly as it is sent. */
  readonly body: string;
  /** Several while receivers change from one to the other. */
  readonly keys: readonly SigningKey[];
}

/** None without keys. */
export function signatureHeaders({ id, at, body, keys }: Signing): Readonly<Record<string, string>> {
  if (keys.length === 0) return {};
  const timestamp = String(Math.floor(at / 1000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => key.signature(content)).join(' '),
  };
}

/** `whsec_` + base64 of 24 to 64 bytes, or `whsk_` + base64 of an Ed25519 seed (32 bytes) or seed and public key (64). Throws `config_invalid`. */
export function signingKey(secret: Secret): SigningKey {
  const parsed = parse(secret.reveal());
  if (typeof parsed === 'string') throw new VaultError('config_invalid', `a webhook's signing secret ${parsed}`);
  return parsed;
}

/** What is wrong with a signing secret, as it follows the key's name: "must …"; null if it can be used. */
export function signingProblem(text: string): string | null {
  const parsed = parse(text);
  return typeof parsed === 'string' ? parsed : null;
}

function parse(text: string): SigningKey | string {
  if (text.startsWith('whpk_')) return 'is a public key: sign with the secret one, which starts with whsk_';
  const [, prefix, encoded] = /^(whsec_|whsk_)(.*)$/su.exec(text) ?? [];
  if (prefix === undefined || encoded === undefined) return 'must start with whsec_ or whsk_';
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== encoded) return `must be base64 after ${prefix}`;
  return prefix === 'whsec_' ? shared(bytes) : ed25519(bytes);
}

function shared(bytes: Buffer): SigningKey | string {
  if (bytes.length < 24 || bytes.length > 64) return `must hold 24 to 64 bytes, not ${bytes.length}`;
  if (isWeak(bytes)) return 'is not random: make one with “openssl rand -base64 32” and put whsec_ before it';
  return {
    signature: (content) => `v1,${createHmac('sha256', bytes).update(content).digest('base64')}`,
    publicKey: null,
  };
}

function ed25519(bytes: Buffer): SigningKey | string {
  if (bytes.length !== 32 && bytes.length !== 64) return `must hold 32 or 64 bytes, not ${bytes.length}`;
  const seed = bytes.subarray(0, 32);
  if (isWeak(seed)) return 'is not random: make one with “openssl rand -base64 32” and put whsk_ before it';
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  const open = publicBytes(key);
  if (bytes.length === 64 && !open.equals(bytes.subarray(32))) return 'holds a public key that is not its own';
  return {
    signature: (content) => `v1a,${sign(null, Buffer.from(content), key).toString('base64')}`,
    publicKey: `whpk_${open.toString('base64')}`,
  };
}

/** RFC 8410: what stands before the seed of an Ed25519 key. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** 24 random bytes have fewer than 12 different ones about once in 10^14; zeros and repeated patterns have. */
function isWeak(bytes: Buffer): boolean {
  return new Set(bytes).size < 12;
}
