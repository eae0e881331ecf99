import type { Gate, Occasion, Proved } from '../approvers/define.ts';
import type { Pairing } from '../approvers/pairing.ts';
import type { Clock } from '../core/clock.ts';
import { deadlineIn } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Random } from '../core/ports.ts';
import type { Errand, ErrandOutcome, ErrandPage } from '../web/routes/pair.ts';

/** An errand, and what the terminal waits for. */
export interface Task<Result> {
  readonly errand: Errand;
  /** Rejects with `approval_unavailable` once it cannot be had any more. */
  readonly result: Promise<Result>;
  /** Tells the page how it ended. */
  end(outcome: ErrandOutcome): void;
}

/** Milliseconds until the phone has come with the code, and again until it has done what it was asked. */
export const patienceMs = 300_000;

export interface SigningParts {
  readonly gate: Gate;
  readonly occasion: Occasion;
  /** What is signed, in RFC 8785 form. */
  readonly body: string;
  readonly page: ErrandPage;
  readonly clock: Clock;
  readonly random: Random;
}

/** Lets a paired passkey sign. */
export function signingTask({ gate, occasion, body, page, clock, random }: SigningParts): Task<Proved> {
  const waiting = createWaiting<Proved>(clock);
  let ceremony = '';
  return waiting.task({
    code: Buffer.from(random.bytes(16)).toString('base64url'),
    makes: 'signature',
    page,
    begin: async () => {
      waiting.progress();
      const begun = await gate.begin(occasion, body);
      if (begun.proved === false) return { kind: 'bad', says: begun.says, again: !begun.ends };
      ceremony = begun.id;
      return { kind: 'good', options: begun.options };
    },
    finish: async (response) => {
      const proof = await gate.byPasskey(occasion, ceremony, response);
      if (!proof.proved) return { kind: 'bad', says: proof.says, again: !proof.ends };
      waiting.end({ good: true, heading: 'Confirmed', says: 'Go on at the terminal.' });
      waiting.settle(proof);
      return { kind: 'good', fingerprint: null };
    },
  });
}

/** Lets a phone make a passkey. The result is its fingerprint, which counts for nothing until the terminal has confirmed it. */
export function enrolmentTask(pairing: Pairing, page: ErrandPage, clock: Clock): Task<string> {
  const waiting = createWaiting<string>(clock);
  const fail = (says: string): { kind: 'bad'; says: string; again: boolean } => {
    waiting.fail(says);
    return { kind: 'bad', says, again: false };
  };
  return waiting.task({
    code: pairing.code,
    makes: 'passkey',
    page,
    begin: async () => {
      const begun = await pairing.begin(pairing.code);
      if ('refused' in begun) return fail(begun.refused);
      waiting.progress();
      return { kind: 'good', options: begun.options };
    },
    finish: async (response) => {
      const made = await pairing.finish(response);
      if ('refused' in made) return fail(made.refused);
      waiting.settle(made.fingerprint);
      return { kind: 'good', fingerprint: made.fingerprint };
    },
  });
}

interface Waiting<Result> {
  task(errand: Omit<Errand, 'outcome' | 'expiry'>): Task<Result>;
  /** The phone has come: it gets its time. */
  progress(): void;
  settle(result: Result): void;
  fail(says: string): void;
  end(outcome: ErrandOutcome): void;
}

function createWaiting<Result>(clock: Clock): Waiting<Result> {
  const { promise: result, resolve, reject } = Promise.withResolvers<Result>();
  // Whoever waits for it hears of it; nobody may be waiting yet.
  result.catch(() => undefined);
  let outcome: ErrandOutcome | null = null;
  const fail = (says: string): void => reject(new VaultError('approval_unavailable', says));
  let stop = clock.after(patienceMs, () => fail('nobody came with the code within 5 minutes'));
  const end = (how: ErrandOutcome): void => {
    outcome ??= how;
  };
  return {
    task: (errand) => ({
      errand: { ...errand, expiry: deadlineIn(clock, patienceMs), outcome: () => outcome },
      result,
      end,
    }),
    progress: () => {
      stop();
      stop = clock.after(patienceMs, () => fail('the phone did not finish within 5 minutes'));
    },
    settle: (value) => {
      stop();
      resolve(value);
    },
    fail: (says) => {
      stop();
      fail(says);
    },
    end,
  };
}
