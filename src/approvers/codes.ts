import { timingSafeEqual } from 'node:crypto';
import { Secret } from '../core/secret.ts';

/** Milliseconds for which a code is shown. RFC 6238 with what every authenticator app knows: SHA-1, 6 digits, 30 seconds. */
const stepMs = 30_000;

/** The time step of a moment. @param wall milliseconds */
function stepAt(wall: number): number {
  return Math.floor(wall / stepMs);
}

/** The time step whose code this is: the present one or a neighbour, but newer than `lastStep`; null if it is of none. */
export async function stepOf(code: string, secret: Secret, wall: number, lastStep: number): Promise<number | null> {
  const { HOTP, Secret: Key } = await import('otpauth');
  const key = Key.fromBase32(secret.reveal());
  const now = stepAt(wall);
  const matching = [now - 1, now, now + 1].filter((step) => {
    const isSame = timingSafeEqual(
      Buffer.from(HOTP.generate({ secret: key, counter: step, digits })),
      Buffer.from(code),
    );
    return isSame && step > lastStep;
  });
  return matching.at(-1) ?? null;
}

/** Six digits; spaces are what people type between them. Null for anything else. */
export function readCode(text: string): string | null {
  const code = text.replace(/[\s-]/gu, '');
  return /^\d{6}$/u.test(code) ? code : null;
}

/** base32, from 20 random bytes. */
export async function appSecret(bytes: Uint8Array): Promise<Secret> {
  const { Secret: Key } = await import('otpauth');
  return new Secret(new Key({ buffer: new Uint8Array(bytes).buffer }).base32);
}

/** What the QR code for the app says: "otpauth://totp/...". */
export async function appUri(name: string, secret: Secret): Promise<Secret> {
  const { TOTP, Secret: Key } = await import('otpauth');
  const app = new TOTP({ issuer: 'Agent Vault', label: name, secret: Key.fromBase32(secret.reveal()), digits });
  return new Secret(app.toString());
}

const digits = 6;
