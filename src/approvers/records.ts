import { z } from 'zod';
import { Secret } from '../core/secret.ts';
import { oneLine } from '../core/text.ts';
import { fingerprintOf } from './fingerprint.ts';

interface Paired {
  readonly id: string;
  /** Of the person or device, as given at pairing: visible, on one line, no other approver's. */
  readonly name: string;
  /** ISO 8601. */
  readonly addedAt: string;
  /** Of the public key, or of the app's secret: what both screens showed at pairing. */
  readonly fingerprint: string;
}

export interface PairedPasskey extends Paired {
  readonly factor: 'passkey';
  /** base64url. */
  readonly credentialId: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** The last signature counter; stays 0 with authenticators that do not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** `multiDevice`: may be synced, so that the key is on other devices too. */
  readonly deviceType: 'singleDevice' | 'multiDevice';
  readonly backedUp: boolean;
  /** The host and the origin at which it was enrolled, and at which alone it counts. */
  readonly rpId: string;
  readonly origin: string;
}

/** Wrong codes in a row. */
export interface Tries {
  readonly failures: number;
  /** ISO 8601: no code is looked at before. */
  readonly blockedUntil: string | null;
}

/** With the tries at requests, and at changes of who may approve. */
export interface PairedApp extends Paired, Tries {
  readonly factor: 'totp';
  /** base32, 160 bits. */
  readonly secret: Secret;
  /** The newest time step whose code was accepted: this one and older ones never count again. */
  readonly lastStep: number;
  /** The tries at the home page; missing while there were none. */
  readonly door?: Tries | undefined;
}

export type PairedApprover = PairedPasskey | PairedApp;

/** A passkey that counts no more. Its public key stays, so that what it signed can still be checked. */
export interface FormerPasskey extends PairedPasskey {
  readonly removedAt: string;
}

export interface Approvers {
  /** 0 while nobody was ever paired; another whenever who may approve has changed. */
  readonly generation: number;
  /** If it is empty in a later generation, nothing can be approved until somebody is paired. */
  readonly approvers: readonly PairedApprover[];
  readonly former: readonly FormerPasskey[];
  /** ISO 8601: when all approvers were wiped last. */
  readonly resetAt: string | null;
}

/** Before anybody was paired. */
export const nobody: Approvers = { generation: 0, approvers: [], former: [], resetAt: null };

/** Whether an approver can be called that: 1 to 60 visible characters on one line. */
export function isName(name: string): boolean {
  return name !== '' && name.trim() === name && oneLine(name) === name && Array.from(name).length <= 60;
}

/** Names that a person could take for one another are the same. */
export function sameName(a: string, b: string): boolean {
  return a.normalize('NFKC').toLowerCase() === b.normalize('NFKC').toLowerCase();
}

/** Throws on what `written` has not made. */
export function parseApprovers(json: unknown): Approvers {
  const { generation, approvers, former, resetAt } = file.parse(json);
  return { generation, approvers, former, resetAt };
}

/** As it stands in the file. This is where the secrets of authenticator apps leave their masks. */
export function written({ generation, approvers, former, resetAt }: Approvers): unknown {
  const record = (approver: PairedApprover): unknown => ({
    ...approver,
    ...(approver.factor === 'totp' ? { secret: approver.secret.reveal() } : {}),
    fingerprint: undefined,
  });
  return { version: 1, generation, approvers: approvers.map(record), former: former.map(record), resetAt };
}

const base64url = z.string().regex(/^[A-Za-z0-9_-]{1,4096}$/u);
const time = z.iso.datetime();
const count = z.int().nonnegative();

const paired = {
  id: z.string().regex(/^[\w-]{16,64}$/u),
  name: z.string().refine(isName),
  addedAt: time,
};

const passkeyFields = {
  ...paired,
  factor: z.literal('passkey'),
  credentialId: base64url,
  publicKey: base64url,
  counter: count,
  transports: z.array(z.string().max(40)).max(10),
  deviceType: z.enum(['singleDevice', 'multiDevice']),
  backedUp: z.boolean(),
  rpId: z.string().min(1).max(253),
  origin: z.string().max(300),
};

const passkey = z.strictObject(passkeyFields).refine(isPinned).transform(withKeyFingerprint);
const former = z
  .strictObject({ ...passkeyFields, removedAt: time })
  .refine(isPinned)
  .transform(withKeyFingerprint);

const tries = { failures: count, blockedUntil: time.nullable() };

const app = z
  .strictObject({
    ...paired,
    factor: z.literal('totp'),
    secret: z.string().regex(/^[A-Z2-7]{32}$/u),
    lastStep: count,
    ...tries,
    door: z.strictObject(tries).optional(),
  })
  .transform(({ secret, ...rest }) => ({ ...rest, secret: new Secret(secret), fingerprint: fingerprintOf(secret) }));

const file = z
  .strictObject({
    version: z.literal(1),
    generation: z.int().positive(),
    approvers: z.array(z.union([passkey, app])).max(100),
    former: z.array(former),
    resetAt: time.nullable(),
  })
  .refine(({ approvers }) => isUnique(approvers.map(({ id }) => id)))
  .refine(
    ({ approvers }) => !approvers.some((one, at) => approvers.slice(0, at).some((two) => sameName(one.name, two.name))),
  );

function withKeyFingerprint<T extends { publicKey: string }>(record: T): T & { fingerprint: string } {
  return { ...record, fingerprint: fingerprintOf(Buffer.from(record.publicKey, 'base64url')) };
}

function isPinned({ rpId, origin }: { rpId: string; origin: string }): boolean {
  const url = URL.parse(origin);
  return url?.protocol === 'https:' && url.origin === origin && url.hostname === rpId;
}

function isUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
