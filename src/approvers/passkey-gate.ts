import { canonical } from '../core/canonical.ts';
import type { Json } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/ports.ts';
import type { AssertionAnswer, AssertionCheck } from './assertion.ts';
import { checkAssertion, readAssertion } from './assertion.ts';
import type { OpenCeremony } from './ceremonies.ts';
import { Ceremonies, ceremonyMs } from './ceremonies.ts';
import { challengeFor } from './challenge.ts';
import type { Ceremony, Occasion, Proved, Unproved } from './define.ts';
import { unproved } from './define.ts';
import type { PairedPasskey } from './records.ts';
import type { Roster } from './roster.ts';

export interface PasskeyGate {
  /** @param passkeys that count at the occasion's origin now; at least one */
  begin(occasion: Occasion, body: string, passkeys: readonly PairedPasskey[]): Promise<Ceremony>;
  /** Uses up the ceremony, whatever follows. */
  take(occasion: Occasion, id: string): OpenCeremony | null;
  /** @param passkeys that count at the occasion's origin now */
  prove(ceremony: OpenCeremony, response: string, passkeys: readonly PairedPasskey[]): Promise<Proved | Unproved>;
}

export interface PasskeyGateParts {
  readonly roster: Roster;
  readonly clock: Clock;
  readonly random: Random;
}

export function createPasskeyGate({ roster, clock, random }: PasskeyGateParts): PasskeyGate {
  const ceremonies = new Ceremonies(clock);
  return {
    async begin(occasion, body, passkeys) {
      const ceremony = { occasion, body, nonce: random.bytes(32) };
      const options = await optionsFor(ceremony, passkeys);
      const id = random.id();
      ceremonies.put(id, ceremony);
      return { proved: null, id, options };
    },

    take: (occasion, id) => ceremonies.take(id, occasion),

    async prove(ceremony, response, passkeys) {
      const answer = readAssertion(response);
      if (answer === null) return unproved(says.other);
      const passkey = passkeys.find(({ credentialId }) => credentialId === answer.id);
      if (passkey === undefined) return unproved(says.foreign);
      const check = await checkAssertion(answer, challengeOf(ceremony), passkey);
      if (!check.ok) return unproved(says[check.problem]);
      if (!(await isNoted(roster, passkey, check))) return unproved(says.other);
      const assertion = assertionText(ceremony, answer, passkey, check);
      return { proved: true, approver: { name: passkey.name, factor: 'passkey' }, assertion };
    },
  };
}

type Checked = Extract<AssertionCheck, { ok: true }>;

const says = {
  other: 'Your passkey’s answer could not be verified. Please try again.',
  foreign: 'That passkey is not paired with this Agent Vault. Please use the one that is.',
  user: 'Your device did not check that it is you. It must ask for your fingerprint, face or PIN.',
};

function challengeOf({ occasion, nonce, body }: OpenCeremony): Buffer {
  return challengeFor(occasion.purpose, nonce, body);
}

async function optionsFor(ceremony: OpenCeremony, passkeys: readonly PairedPasskey[]): Promise<Json> {
  const options = {
    // All of them were enrolled at the ceremony's origin, so they have one host.
    rpId: passkeys[0]?.rpId,
    challenge: challengeOf(ceremony).toString('base64url'),
    allowCredentials: passkeys.map(({ credentialId, transports }) => ({
      id: credentialId,
      type: 'public-key',
      transports,
    })),
    timeout: ceremonyMs,
    userVerification: 'required',
  };
  return options;
}

/** Under the lock: another process may have seen a later counter, or the passkey may have been removed since. */
async function isNoted(roster: Roster, { id }: PairedPasskey, { counter, backedUp }: Checked): Promise<boolean> {
  let isFine = false;
  await roster.note((approvers) =>
    approvers.map((approver) => {
      if (approver.id !== id || approver.factor !== 'passkey') return approver;
      isFine = counter > approver.counter || (counter === 0 && approver.counter === 0);
      return isFine ? { ...approver, counter, backedUp } : approver;
    }),
  );
  return isFine;
}

/** All that is needed, with the body and the public key, to check the signature again without this process. */
function assertionText(
  { nonce }: OpenCeremony,
  { clientDataJSON, authenticatorData, signature }: AssertionAnswer,
  passkey: PairedPasskey,
  { counter, deviceType, backedUp }: Checked,
): string {
  const { credentialId, fingerprint, origin, rpId } = passkey;
  return canonical({
    version: 1,
    credentialId,
    fingerprint,
    nonce: Buffer.from(nonce).toString('base64url'),
    origin,
    rpId,
    clientDataJSON,
    authenticatorData,
    signature,
    deviceType,
    backedUp,
    counter,
  });
}
