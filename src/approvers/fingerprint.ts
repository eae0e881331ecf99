import { createHash } from 'node:crypto';

/** Short enough to be compared by eye, on two screens at the same moment: 48 bits of a SHA-256, as "7F3A 91C2 5D0E". */
export function fingerprintOf(key: Uint8Array | string): string {
  const hex = createHash('sha256').update(key).digest('hex').slice(0, 12).toUpperCase();
  return hex.replace(/(.{4})(?=.)/gu, '$1 ');
}
