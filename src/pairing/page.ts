import type { Gate, Proved } from '../approvers/define.ts';
import { openPairing } from '../approvers/pairing.ts';
import type { PairedPasskey } from '../approvers/records.ts';
import type { Roster } from '../approvers/roster.ts';
import type { Clock } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Log, OpenTunnel, Random, Tunnel } from '../core/ports.ts';
import type { Proof } from '../core/request.ts';
import { oneLine } from '../core/text.ts';
import { openPairHouse } from '../web/pair-house.ts';
import type { PairHouse } from '../web/pair-house.ts';
import type { Plan } from './change.ts';
import { pageOf } from './change.ts';
import type { Task } from './tasks.ts';
import { enrolmentTask, signingTask } from './tasks.ts';

/** The page that phones open, at the address of the tunnel. It does one thing at a time. */
export interface PairingPage {
  /** "https://host". */
  readonly origin: string;
  /** Lets a paired passkey allow a change. */
  allow(plan: Plan): PhoneTask<Proved>;
  /** Lets a phone make a passkey. Throws `input_invalid` where none may be enrolled, with the reason. */
  enrol(name: string, by: Proof | null): Promise<PasskeyTask>;
  /** Waits until the page shows how it ended; a few seconds at most. */
  told(): Promise<void>;
  close(): Promise<void>;
}

/** Something for a phone to do, that the terminal waits for. */
export interface PhoneTask<Result> {
  /** With the one-time code in its fragment. */
  readonly url: string;
  /** Rejects with `approval_unavailable` once it cannot be had any more. */
  readonly result: Promise<Result>;
}

/** The result is the fingerprint. Nothing counts before `confirm`. */
export interface PasskeyTask extends PhoneTask<string> {
  /** What the person should know about the address; null if nothing. */
  readonly warning: string | null;
  /** Both screens show the same. @param before the place for the audit row: if it throws, nothing was stored */
  confirm(before: (passkey: PairedPasskey) => Promise<void>): Promise<PairedPasskey>;
  /** They do not, or nobody wants it any more. */
  cancel(): void;
}

export interface PageParts {
  readonly tunnel: Tunnel;
  /** Of this machine; 0 means any free one. */
  readonly port: number;
  readonly roster: Roster;
  readonly openGate: (publicOrigin: () => string | null) => Gate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Milliseconds. The page asks every second. */
const tellMs = 5_000;

/** Opens the server and the tunnel. Rejects with `tunnel_unavailable`, with the reason. */
export async function openPairingPage(parts: PageParts): Promise<PairingPage> {
  const { clock, random, roster, log } = parts;
  let opened: OpenTunnel | null = null;
  const publicOrigin = (): string | null => URL.parse(opened?.origin() ?? '')?.origin ?? null;
  const house = await openPairHouse({ port: parts.port, clock, random, log, publicOrigin });
  const close = async (): Promise<void> => {
    await Promise.allSettled([house.close(), opened?.close()]);
  };
  try {
    opened = await parts.tunnel.connect(house.port);
    const origin = publicOrigin();
    if (origin === null) throw new VaultError('tunnel_unavailable', 'the tunnel was gone as soon as it was open');
    const gate = parts.openGate(publicOrigin);
    return {
      origin,
      allow: ({ id, change, body }) => {
        const occasion = { purpose: 'approvers', about: id, origin } as const;
        return offered(house, origin, signingTask({ gate, occasion, body, page: pageOf(change), clock, random }));
      },
      enrol: (name, by) => enrolled({ roster, clock, random, origin, name, by, house }),
      told: () => house.told(tellMs),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

interface EnrolmentParts {
  readonly roster: Roster;
  readonly clock: Clock;
  readonly random: Random;
  readonly origin: string;
  readonly name: string;
  readonly by: Proof | null;
  readonly house: PairHouse;
}

async function enrolled({ house, ...parts }: EnrolmentParts): Promise<PasskeyTask> {
  const { name, origin, clock } = parts;
  const pairing = await openPairing(parts);
  const task = enrolmentTask(pairing, invitation(name), clock);
  const cancel = (): void => {
    pairing.cancel();
    task.end({ good: false, heading: 'Not paired', says: 'The terminal said no. Nothing was stored.' });
  };
  return {
    ...offered(house, origin, task),
    warning: pairing.warning,
    confirm: async (before) => {
      try {
        const passkey = await pairing.confirm(before);
        task.end({ good: true, heading: 'Paired', says: `“${oneLine(name)}” may approve from now on.` });
        return passkey;
      } catch (thrown) {
        task.end({ good: false, heading: 'Not paired', says: 'Nothing was stored. The terminal says why.' });
        throw thrown;
      }
    },
    cancel,
  };
}

function offered<Result>(house: PairHouse, origin: string, task: Task<Result>): PhoneTask<Result> {
  return { url: origin + house.offer(task.errand), result: task.result };
}

function invitation(name: string): { heading: string; paragraphs: readonly string[]; button: string } {
  return {
    heading: 'Make this device an approver?',
    paragraphs: [
      `It will be called “${oneLine(name)}”. A passkey is made on it, guarded by your fingerprint, your face or the screen lock.`,
      'From then on agents get secrets only after somebody has confirmed it with a paired device. A link alone approves nothing any more.',
      'If you did not start this at your own terminal just now, do nothing.',
    ],
    button: 'Make the passkey',
  };
}
