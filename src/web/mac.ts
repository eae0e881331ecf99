import { createHmac, timingSafeEqual } from 'node:crypto';

/** The base64url HMAC-SHA256 (43 characters) of some fields. */
export type Mac = (...fields: readonly string[]) => string;

/** @param purpose what the MACs are for, with a version: one made for one purpose never counts for another */
export function createMac(purpose: string, key: Uint8Array): Mac {
  return (...fields) => {
    const hmac = createHmac('sha256', key);
    for (const field of [purpose, ...fields]) hmac.update(prefixed(field));
    return hmac.digest('base64url');
  };
}

/** Compares in constant time. Only the length, which everybody knows, can be told from the outside. */
export function sameMac(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** With its length in front, so that ("ab", "c") and ("a", "bc") differ. */
function prefixed(field: string): Buffer {
  const bytes = Buffer.from(field);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
