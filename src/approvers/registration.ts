import { z } from 'zod';
import type { Json } from '../core/canonical.ts';
import { isClientData } from './client-data.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PairedPasskey } from './records.ts';

export interface RegistrationPlace {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  readonly origin: string;
}

/** What is known of a new passkey; who it belongs to is not. */
export type NewPasskey = Omit<PairedPasskey, 'id' | 'name' | 'addedAt' | 'factor'>;

/** EdDSA is -8, ES256 is -7, RS256 is -257. https://www.iana.org/assignments/cose */
const algorithms = [-7, -8, -257];

/**
 * `PublicKeyCredentialCreationOptionsJSON`, for the browser.
 * @param userId random: authenticators replace a passkey of the same host and user
 * @param timeoutMs milliseconds that the person has
 */
export function registrationOptions(
  { challenge, rpId }: RegistrationPlace,
  user: { readonly name: string; readonly userId: Uint8Array; readonly paired: readonly PairedPasskey[] },
  timeoutMs: number,
): Json {
  return {
    challenge: Buffer.from(challenge).toString('base64url'),
    rp: { name: 'Agent Vault', id: rpId },
    user: { id: Buffer.from(user.userId).toString('base64url'), name: user.name, displayName: user.name },
    pubKeyCredParams: algorithms.map((alg) => ({ alg, type: 'public-key' })),
    timeout: timeoutMs,
    attestation: 'none',
    excludeCredentials: user.paired.map(({ credentialId, transports }) => ({
      id: credentialId,
      type: 'public-key',
      transports,
    })),
    authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'required' },
    extensions: { credProps: true },
  };
}

/** The new passkey in the browser's `RegistrationResponseJSON`; null if it does not answer this challenge, here, for a verified user. */
export async function checkRegistration(text: string, place: RegistrationPlace): Promise<NewPasskey | null> {
  const answer = readAnswer(text);
  const expected = { type: 'webauthn.create', challenge: place.challenge, origin: place.origin } as const;
  if (answer === null || !isClientData(answer.clientDataJSON, expected)) return null;
  try {
    return await verified(answer, place);
  } catch {
    return null;
  }
}

interface Answer {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports: readonly string[];
}

const base64url = z.string().regex(/^[A-Za-z0-9_-]{1,16384}$/u);

const answerJson = z.object({
  id: base64url,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,40}$/u))
      .max(10)
      .optional(),
  }),
});

function readAnswer(text: string): Answer | null {
  try {
    const { id, response } = answerJson.parse(JSON.parse(text));
    const { clientDataJSON, attestationObject, transports = [] } = response;
    return { id, clientDataJSON, attestationObject, transports };
  } catch {
    return null;
  }
}

async function verified(answer: Answer, { challenge, rpId, origin }: RegistrationPlace): Promise<NewPasskey | null> {
  const { id, clientDataJSON, transports } = answer;
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const attestationObject = await withoutStatement(answer.attestationObject);
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject },
    },
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserPresence: true,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  });
  if (!verified || !registrationInfo.userVerified) return null;
  const { credential, credentialDeviceType, credentialBackedUp } = registrationInfo;
  if (credential.id !== id) return null;
  return {
    fingerprint: fingerprintOf(credential.publicKey),
    credentialId: id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports,
    deviceType: credentialDeviceType,
    backedUp: credentialBackedUp,
    rpId,
    origin,
  };
}

/**
 * Attestation says which maker's device it is; we ask for none, since the person compares fingerprints. To verify one that comes all
 * the same, the library would fetch revocation lists from addresses named in the certificates, which are the sender's own.
 */
async function withoutStatement(attestationObject: string): Promise<string> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')));
  const data = decoded.get('authData');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(data.length);
  // CBOR: a map of three; "fmt": "none", "attStmt": {}, "authData": bytes with a length of two bytes.
  const head = Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex');
  return Buffer.concat([head, length, data]).toString('base64url');
}
