import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

/** Signs texts as https://c2sp.org/signed-note says, with Ed25519. */
export interface NoteSigner {
  /** The public key as others need it to check notes: "name+id+key". */
  readonly vkey: string;
  /** @param text ends with a line feed; its last line is not empty. @returns the whole note */
  sign(text: string): string;
}

/** A public key by which notes are checked. */
export interface NoteKey {
  readonly name: string;
  /** 8 hex digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * `signed`: by one of the keys. `unknown`: well made, but by other keys, which `by` names. `bad`: no note, or a signature of one of the
 * keys that does not fit the text.
 */
export type OpenedNote =
  | { readonly kind: 'signed'; readonly text: string; readonly by: NoteKey }
  | { readonly kind: 'unknown'; readonly text: string; readonly by: string }
  | { readonly kind: 'bad' };

/** @param name without spaces and plus signs. @param seed 32 bytes (RFC 8032) */
export function createSigner(name: string, seed: Uint8Array): NoteSigner {
  const secret = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(spki.length);
  const id = keyId(name, raw);
  return {
    vkey: `${name}+${id.toString('hex')}+${Buffer.concat([ed25519, raw]).toString('base64')}`,
    sign(text) {
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), secret)]);
      return `${text}\n${dash} ${name} ${signature.toString('base64')}\n`;
    },
  };
}

/** Null for a text that is no Ed25519 key of a note. */
export function parseNoteKey(vkey: string): NoteKey | null {
  const [, name = '', id = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(vkey) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== 33 || bytes[0] !== ed25519[0]) return null;
  const raw = bytes.subarray(1);
  if (keyId(name, raw).toString('hex') !== id) return null;
  return { name, id, key: createPublicKey({ key: Buffer.concat([spki, raw]), format: 'der', type: 'spki' }) };
}

export function openNote(note: string, keys: readonly NoteKey[]): OpenedNote {
  const end = note.lastIndexOf('\n\n');
  const signatures = signaturesIn(note.slice(end + 2));
  if (end < 1 || signatures === null) return bad;
  const text = note.slice(0, end + 1);
  let by: NoteKey | null = null;
  for (const { name, id, bytes } of signatures) {
    const key = keys.find((each) => each.name === name && each.id === id);
    if (key === undefined) continue;
    if (!verify(null, Buffer.from(text), key.key, bytes)) return bad;
    by ??= key;
  }
  if (by !== null) return { kind: 'signed', text, by };
  return { kind: 'unknown', text, by: signatures.map(({ name, id }) => `${name}+${id}`).join(', ') };
}

interface Signature {
  readonly name: string;
  readonly id: string;
  readonly bytes: Buffer;
}

const bad: OpenedNote = { kind: 'bad' };
const dash = '\u2014';
/** The signature type of the format; one byte before the public key. */
const ed25519 = Buffer.of(1);
/** What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const spki = Buffer.from('302a300506032b6570032100', 'hex');

function keyId(name: string, raw: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(ed25519).update(raw).digest().subarray(0, 4);
}

/** Null unless every line is a signature, and there is one. */
function signaturesIn(block: string): readonly Signature[] | null {
  const lines = block.split('\n');
  if (lines.pop() !== '') return null;
  const signatures = lines.map(signatureIn);
  const whole = signatures.filter((signature) => signature !== null);
  return whole.length > 0 && whole.length === signatures.length ? whole : null;
}

function signatureIn(line: string): Signature | null {
  const [, name = '', encoded = ''] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  // Two encodings of the same bytes would be two notes of one content.
  if (bytes.length < 5 || bytes.toString('base64') !== encoded) return null;
  return { name, id: bytes.subarray(0, 4).toString('hex'), bytes: bytes.subarray(4) };
}
