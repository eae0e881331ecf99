import type { Place } from './define.ts';
import { defineFactor } from './define.ts';
import type { Approvers, PairedPasskey } from './records.ts';

/** A signature over what was decided, by a key that never was on this machine; the vault's files hold its public half. */
export const passkey = defineFactor({
  factor: 'passkey',
  strength: 2,
  takes: 'your passkey',
  counts: (approvers, place) => passkeysAt(approvers, place).length > 0,
});

/**
 * The passkeys that count at a place. The page must come from the very origin at which they were enrolled, and this process must hold
 * that origin: otherwise whoever does is asking for the signature.
 */
export function passkeysAt({ approvers }: Approvers, { origin, publicOrigin }: Place): readonly PairedPasskey[] {
  return approvers
    .filter((approver) => approver.factor === 'passkey')
    .filter((passkey) => passkey.origin === origin && passkey.origin === publicOrigin);
}
