import { isoTime } from '../core/clock.ts';
import type { Secret } from '../core/secret.ts';
import { appSecret, appUri, readCode, stepOf } from './codes.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PairingState } from './pairing-life.ts';
import { PairingLife } from './pairing-life.ts';
import type { PairingParts, PairingRefusal } from './pairing.ts';
import { nothingToConfirm } from './pairing.ts';
import type { PairedApp } from './records.ts';
import { checkAddition } from './roster.ts';

/** The enrolment of one authenticator app. Nothing counts before `confirm`. */
export interface AppPairing {
  /** base32, for typing into the app. */
  readonly secret: Secret;
  /** "otpauth://totp/...", for the QR code. */
  readonly uri: Secret;
  readonly fingerprint: string;
  state(): PairingState;
  /**
   * The app shows this code; it counts as used from then on. Five wrong ones end the pairing, and so does whatever this throws:
   * `input_invalid` if there is nothing to confirm (any more), and what `Roster.add` throws.
   * @param before runs when nothing but storing it is left to do: the place for the audit row. If it throws, nothing was stored.
   */
  confirm(code: string, before: (app: PairedApp) => Promise<void>): Promise<PairedApp | PairingRefusal>;
  cancel(): void;
}

/** Throws `input_invalid` for an unfit name, and where an approver must allow it. */
export async function openAppPairing({ roster, clock, random, name, by }: PairingParts): Promise<AppPairing> {
  checkAddition(await roster.read(), { name, by });
  const secret = await appSecret(random.bytes(20));
  const life = new PairingLife(clock);
  const fingerprint = fingerprintOf(secret.reveal());
  let wrong = 0;
  return {
    secret,
    uri: await appUri(name, secret),
    fingerprint,
    state: () => life.state(),

    async confirm(text, before) {
      if (life.state() !== 'open') throw nothingToConfirm();
      const code = readCode(text);
      if (code === null) return { refused: 'That is not a code: it must be the 6 digits that the app shows.' };
      const step = await stepOf(code, secret, clock.wall(), 0);
      if (step === null) {
        wrong += 1;
        if (wrong >= mostWrong) life.end('failed');
        return { refused: 'That is not the code that the app should show now. Is the clock of this machine right?' };
      }
      if (!life.step('open', 'storing')) throw nothingToConfirm();
      const times = { addedAt: isoTime(clock.wall()), lastStep: step, failures: 0, blockedUntil: null };
      const app: PairedApp = { id: random.id(), name, factor: 'totp', fingerprint, secret, ...times };
      await life.storing(roster.add(app, { by, before: () => before(app) }));
      return app;
    },

    cancel: () => life.end('cancelled'),
  };
}

const mostWrong = 5;
