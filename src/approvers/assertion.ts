import { z } from 'zod';
import { isClientData } from './client-data.ts';
import type { PairedPasskey } from './records.ts';

/** What a passkey answers, as far as it matters. All but `id` is base64url of bytes. */
export interface AssertionAnswer {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
}

export type AssertionKey = Pick<PairedPasskey, 'credentialId' | 'publicKey' | 'counter' | 'origin' | 'rpId'>;

/** `user`: the device did not check who holds it. `other`: not signed by this key, over this, at its origin. */
export type AssertionCheck =
  | {
      readonly ok: true;
      readonly counter: number;
      readonly deviceType: PairedPasskey['deviceType'];
      readonly backedUp: boolean;
    }
  | { readonly ok: false; readonly problem: 'user' | 'other' };

/** Whether `key` signed `challenge`, for a person whom its device had just verified. Uses nothing up. */
export async function checkAssertion(
  answer: AssertionAnswer,
  challenge: Uint8Array,
  key: AssertionKey,
): Promise<AssertionCheck> {
  const expected = { type: 'webauthn.get', challenge, origin: key.origin } as const;
  if (!isClientData(answer.clientDataJSON, expected)) return other;
  if (!isUserVerified(answer.authenticatorData)) return { ok: false, problem: 'user' };
  try {
    return await verified(answer, challenge, key);
  } catch {
    return other;
  }
}

/** The browser's `AuthenticationResponseJSON`, out of JSON text; null if it is none. */
export function readAssertion(text: string): AssertionAnswer | null {
  try {
    const { id, response } = answerJson.parse(JSON.parse(text));
    const { clientDataJSON, authenticatorData, signature } = response;
    return { id, clientDataJSON, authenticatorData, signature };
  } catch {
    return null;
  }
}

const other: AssertionCheck = { ok: false, problem: 'other' };
const base64url = z.string().regex(/^[A-Za-z0-9_-]{1,8192}$/u);

const answerJson = z.object({
  id: base64url,
  response: z.object({ clientDataJSON: base64url, authenticatorData: base64url, signature: base64url }),
});

/** The flags UP and UV, after the 32 bytes of the RP ID's hash. https://www.w3.org/TR/webauthn-3/#authdata-flags */
function isUserVerified(authenticatorData: string): boolean {
  const flags = Buffer.from(authenticatorData, 'base64url')[32] ?? 0;
  return (flags & 0b0000_0101) === 0b0000_0101;
}

/**
 * The library does not throw at a bad signature, says `verified` of an unverified user when it is given `advancedFIDOConfig`, and takes
 * a challenge given as a string for UTF-8. What it throws quotes the challenge that was expected.
 */
async function verified(
  { id, clientDataJSON, authenticatorData, signature }: AssertionAnswer,
  challenge: Uint8Array,
  key: AssertionKey,
): Promise<AssertionCheck> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const result = await verifyAuthenticationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, authenticatorData, signature },
    },
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: key.origin,
    expectedRPID: key.rpId,
    requireUserVerification: true,
    credential: {
      id: key.credentialId,
      publicKey: new Uint8Array(Buffer.from(key.publicKey, 'base64url')),
      counter: key.counter,
    },
  });
  if (!result.verified || !result.authenticationInfo.userVerified) return other;
  const { newCounter, credentialDeviceType, credentialBackedUp } = result.authenticationInfo;
  return { ok: true, counter: newCounter, deviceType: credentialDeviceType, backedUp: credentialBackedUp };
}
