import type { Clock } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';

/** Stops waiting when nobody waits any more; what 1Password was asked goes on, within its bound. */
export async function unlessAborted<Answer>(
  signal: AbortSignal,
  answer: () => Promise<Answer>,
  error = (): VaultError => new VaultError('closing', 'the call was cancelled'),
): Promise<Answer> {
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(error());
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([gone.promise, signal.aborted ? gone.promise : answer()]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** At shutdown less than a second lies between the abort and the end of the connection. Milliseconds after the abort. */
const patienceMs = 300;
const graceMs = 700;

/** What an abort still leaves time for. Neither moment comes without one. */
export interface Grace {
  readonly signal: AbortSignal;
  /** The write under way is not waited for any longer. */
  readonly patienceOver: Promise<undefined>;
  /** What is not known by now is told as not known. */
  readonly over: Promise<undefined>;
  close(): void;
}

export function openGrace(signal: AbortSignal, clock: Clock): Grace {
  const [patience, all] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const stops: (() => void)[] = [];
  const start = (): void => {
    stops.push(clock.after(patienceMs, () => patience.resolve(undefined)));
    stops.push(clock.after(graceMs, () => all.resolve(undefined)));
  };
  if (signal.aborted) start();
  signal.addEventListener('abort', start, { once: true });
  return {
    signal,
    patienceOver: patience.promise,
    over: all.promise,
    close() {
      signal.removeEventListener('abort', start);
      for (const stop of stops) stop();
    },
  };
}
