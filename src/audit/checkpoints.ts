import type { Clock } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { createAnchor } from './anchor.ts';
import { openAuditKey } from './key.ts';
import type { NoteSigner } from './note.ts';
import { parseNoteKey } from './note.ts';
import type { Sealable } from './sealer.ts';
import type { Sealed } from './sealing.ts';

export interface CheckpointOptions {
  /** The user's; the signing key is there. */
  readonly stateFolder: string;
  /** A file that each checkpoint is appended to, absolute; null for none. */
  readonly anchor: string | null;
}

/** When checkpoints are made, and with which key. No release waits for any of it. */
export interface Checkpoints {
  /** What the next write may sign with; null while there is no key. Starts to look for it. */
  seal(due: boolean): Sealable | null;
  committed(sealed: Sealed): void;
  /** Resolves when it is known whether there is a key. */
  ready(): Promise<void>;
  /** Stops the timer. */
  stop(): void;
  /** Resolves when every checkpoint is in the anchor's file, or could not be written to it. */
  idle(): Promise<void>;
}

/** Milliseconds after a commit within which its rows are covered. */
const intervalMs = 60_000;

export interface CheckpointPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Lets a write be made with `seal(true)`, if the log is open. */
  readonly write: () => Promise<unknown>;
}

export function createCheckpoints(options: CheckpointOptions, { clock, log, write }: CheckpointPorts): Checkpoints {
  const key = createKeyRing(options.stateFolder, log);
  const anchor = options.anchor === null ? null : createAnchor(options.anchor, log);
  let stopTimer: (() => void) | null = null;
  let looked = false;
  const disarm = (): void => {
    stopTimer?.();
    stopTimer = null;
  };
  const arm = (): void => {
    stopTimer ??= clock.after(intervalMs, () => {
      stopTimer = null;
      void key
        .look()
        .then(write)
        .catch(() => arm());
    });
  };
  return {
    seal(due) {
      if (!looked) void key.look();
      looked = true;
      return key.ring === null ? null : { ...key.ring, at: clock.wall(), due };
    },
    committed({ checkpoint, trouble, uncovered }) {
      if (uncovered === 0) disarm();
      else arm();
      if (checkpoint !== null) anchor?.add(checkpoint.note);
      if (trouble !== null) warn(log, trouble);
    },
    ready: () => key.look(),
    stop: disarm,
    idle: () => anchor?.idle() ?? Promise.resolve(),
  };
}

type Ring = Pick<Sealable, 'signer' | 'keys'>;

interface KeyRing {
  /** Null until it has been found. */
  readonly ring: Ring | null;
  /** Never rejects. */
  look(): Promise<void>;
}

function createKeyRing(stateFolder: string, log: Log): KeyRing {
  let ring: Ring | null = null;
  let looking: Promise<void> | null = null;
  const load = async (): Promise<void> => {
    try {
      ring = ringOf(await openAuditKey(stateFolder));
    } catch (trouble) {
      warn(log, trouble);
    }
  };
  return {
    get ring() {
      return ring;
    },
    async look() {
      if (ring !== null) return;
      looking ??= load().finally(() => (looking = null));
      await looking;
    },
  };
}

function ringOf(signer: NoteSigner): Ring {
  const key = parseNoteKey(signer.vkey);
  return { signer, keys: key === null ? [] : [key] };
}

function warn(log: Log, trouble: unknown): void {
  const why = trouble instanceof VaultError ? `: ${trouble.message}` : '';
  log.once(
    `no checkpoint of the audit log can be made${why}`,
    trouble instanceof VaultError ? trouble.hint : undefined,
  );
}
