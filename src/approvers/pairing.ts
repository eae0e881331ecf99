import { createHash, timingSafeEqual } from 'node:crypto';
import type { Json } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { isoTime } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Random } from '../core/ports.ts';
import type { Proof } from '../core/request.ts';
import { enrolmentHost } from './hosts.ts';
import type { PairingState } from './pairing-life.ts';
import { PairingLife, pairingMs } from './pairing-life.ts';
import type { Approvers, PairedPasskey } from './records.ts';
import type { NewPasskey } from './registration.ts';
import { checkRegistration, registrationOptions } from './registration.ts';
import { checkAddition } from './roster.ts';
import type { Roster } from './roster.ts';

export interface PairingParts {
  readonly roster: Roster;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the new approver. */
  readonly name: string;
  /** The approver who allows it; null counts only while nobody is paired. */
  readonly by: Proof | null;
}

/** In our own words, for page and terminal. */
export interface PairingRefusal {
  readonly refused: string;
}

/** The enrolment of one passkey. Nothing counts before `confirm`. */
export interface Pairing {
  /** 128 bits in base64url, for the fragment of the link. */
  readonly code: string;
  /** What the person should know about the host; null if nothing. */
  readonly warning: string | null;
  state(): PairingState;
  /** Uses up the code. Gives the options for the browser (`PublicKeyCredentialCreationOptionsJSON`). */
  begin(code: string): Promise<{ readonly options: Json } | PairingRefusal>;
  /** @param response the browser's `RegistrationResponseJSON` as JSON text. One that does not verify ends the pairing. */
  finish(response: string): Promise<{ readonly fingerprint: string } | PairingRefusal>;
  /**
   * The person has seen the same fingerprint on both screens. Whatever it throws ends the pairing: `input_invalid` if there is nothing
   * to confirm (any more), and what `Roster.add` throws.
   * @param before runs when nothing but storing it is left to do: the place for the audit row. If it throws, nothing was stored.
   */
  confirm(before: (passkey: PairedPasskey) => Promise<void>): Promise<PairedPasskey>;
  cancel(): void;
}

/**
 * Throws `input_invalid` where no passkey may be enrolled (with the reason), for an unfit name, and where an approver must allow it.
 * @param parts `origin` is public, "https://host": the passkey counts there alone
 */
export async function openPairing(parts: PairingParts & { readonly origin: string }): Promise<Pairing> {
  const { roster, random, clock, origin, name, by } = parts;
  const { rpId, warning } = await allowedHost(origin);
  checkAddition(await roster.read(), { name, by });
  const place = { challenge: random.bytes(32), rpId, origin };
  const code = Buffer.from(random.bytes(16)).toString('base64url');
  const life = new PairingLife(clock);
  let found: NewPasskey | null = null;
  return {
    code,
    warning,
    state: () => life.state(),

    async begin(given) {
      if (!isSame(given, code)) return refusals.code;
      if (!life.step('open', 'begun')) return refusals.used;
      const paired = passkeysOf(await roster.read());
      return { options: registrationOptions(place, { name, userId: random.bytes(32), paired }, pairingMs) };
    },

    async finish(response) {
      if (!life.step('begun', 'checking')) return refusals.used;
      found = await checkRegistration(response, place);
      if (found !== null && life.step('checking', 'shown')) return { fingerprint: found.fingerprint };
      life.end('failed');
      return refusals.unverified;
    },

    async confirm(before) {
      if (found === null || !life.step('shown', 'storing')) throw nothingToConfirm();
      const passkey: PairedPasskey = {
        ...found,
        id: random.id(),
        name,
        factor: 'passkey',
        addedAt: isoTime(clock.wall()),
      };
      await life.storing(roster.add(passkey, { by, before: () => before(passkey) }));
      return passkey;
    },

    cancel: () => life.end('cancelled'),
  };
}

export function nothingToConfirm(): VaultError {
  return new VaultError('input_invalid', 'there is no pairing to confirm', {
    hint: 'it took too long, or it was cancelled: start `agent-vault pair` again',
  });
}

const refusals = {
  code: { refused: 'This code is not known. Please scan the one that the terminal shows now.' },
  used: { refused: 'This code was used already, or its time is over. Please start “agent-vault pair” again.' },
  unverified: {
    refused: 'The passkey could not be verified, so nothing was paired. Please start “agent-vault pair” again.',
  },
};

async function allowedHost(origin: string): Promise<{ readonly rpId: string; readonly warning: string | null }> {
  const host = await enrolmentHost(origin);
  if (!('refused' in host)) return host;
  throw new VaultError('input_invalid', 'no passkey can be enrolled at this address', { hint: host.refused });
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function passkeysOf({ approvers }: Approvers): readonly PairedPasskey[] {
  return approvers.filter((approver) => approver.factor === 'passkey');
}
