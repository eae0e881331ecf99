import type { Database } from '../store/database.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Sealable } from './sealer.ts';
import { createSealer } from './sealer.ts';
import type { Tail } from './writer.ts';

export interface Sealed {
  readonly checkpoint: Checkpoint | null;
  /** Why there is no checkpoint although there should be one. */
  readonly trouble: unknown;
  /** How many rows no checkpoint covers. */
  readonly uncovered: number;
}

/** Rows that no checkpoint covers before one is made without being asked for. */
const most = 256;

/**
 * Makes a checkpoint where one is due; the caller holds the write transaction. Never throws: what fails undoes the checkpoint and
 * nothing else, since no release depends on it.
 * @param stow passes the checkpoint on, within the transaction
 */
export function createSealing(
  database: Database,
  stow: (rows: readonly [], checkpoint: Checkpoint) => void,
): (tail: Tail, seal: Sealable | null) => Sealed {
  const sealer = createSealer(database);
  const make = database.transaction((tail: Tail, seal: Sealable) => {
    const checkpoint = sealer.seal(tail, seal);
    stow([], checkpoint);
    return checkpoint;
  });
  return (tail, seal) => {
    const uncovered = sealer.uncovered(tail);
    const isDue = uncovered !== 0 && (seal?.due === true || Math.abs(uncovered) >= most);
    if (seal === null || !isDue) return { checkpoint: null, trouble: null, uncovered };
    try {
      return { checkpoint: make(tail, seal), trouble: null, uncovered: 0 };
    } catch (trouble) {
      return { checkpoint: null, trouble, uncovered };
    }
  };
}
