import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOTP, URI } from 'otpauth';
import { onTestFinished } from 'vitest';
import { openAppPairing } from '../../src/approvers/app-pairing.ts';
import { openPairing } from '../../src/approvers/pairing.ts';
import type { PairingParts } from '../../src/approvers/pairing.ts';
import type { PairedPasskey } from '../../src/approvers/records.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import type { Clock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Authenticator, Faults } from '../support/authenticator.ts';

/** A state folder of its own for the test that asks. */
export async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-approvers-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function newRoster(clock: Clock): Promise<Roster> {
  return openRoster(await stateFolder(), clock);
}

/** Where the passkeys of these tests are enrolled. */
export const origin = 'https://vault.example.com';

/** What it was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was refused',
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
}

/** Pairs a device through the real pairing. @param by needed as soon as somebody is paired */
export async function pairPasskey(
  parts: Pick<PairingParts, 'roster' | 'clock'> & Partial<PairingParts> & { readonly faults?: Faults },
  device: Authenticator,
): Promise<PairedPasskey> {
  const { faults = {}, name = 'Anna’s phone', by = null, ...rest } = parts;
  const pairing = await openPairing({ random: systemRandom, ...rest, name, by, origin });
  const begun = await pairing.begin(pairing.code);
  if ('refused' in begun) throw new Error(begun.refused);
  await pairing.finish(device.register(begun.options, origin, faults));
  return pairing.confirm(async () => undefined);
}

/** Pairs an authenticator app, whose secret comes back. The code of the present time step is used up by it. */
export async function pairApp(
  parts: Pick<PairingParts, 'roster' | 'clock'> & Partial<PairingParts>,
): Promise<{ readonly code: (atWall?: number) => string }> {
  const { clock, name = 'Anna’s app', by = null } = parts;
  const pairing = await openAppPairing({ random: systemRandom, ...parts, name, by });
  const totp = URI.parse(pairing.uri.reveal());
  if (!(totp instanceof TOTP)) throw new Error('not an app’s URI');
  const code = (atWall = clock.wall()): string => totp.generate({ timestamp: atWall });
  await pairing.confirm(code(), async () => undefined);
  return { code };
}
