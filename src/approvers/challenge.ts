import { createHash } from 'node:crypto';
import type { Purpose } from './define.ts';

/** What a passkey signs: SHA-256("agent-vault/<purpose>/v1" || 0x00 || nonce || SHA-256(body)). @param nonce 32 random bytes */
export function challengeFor(purpose: Purpose, nonce: Uint8Array, body: string): Buffer {
  return createHash('sha256')
    .update(`agent-vault/${purpose}/v1\0`)
    .update(nonce)
    .update(createHash('sha256').update(body).digest())
    .digest();
}
