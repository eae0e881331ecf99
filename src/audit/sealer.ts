import { isoTime } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';
import type { Checkpoint } from './checkpoint.ts';
import { noteHash, originOf, statementIn, statementText } from './checkpoint.ts';
import type { NoteKey, NoteSigner } from './note.ts';
import type { Tail } from './writer.ts';

/** With what, and when, a checkpoint is made. */
export interface Seal {
  readonly signer: NoteSigner;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

/** What a write of the log may sign with. */
export interface Sealable extends Seal {
  readonly keys: readonly NoteKey[];
  /** Asks for a checkpoint if any row is covered by none. */
  readonly due: boolean;
}

/** Makes checkpoints; the caller holds the write transaction. */
export interface Sealer {
  /** How many of the rows are covered by no checkpoint. */
  uncovered(tail: Tail): number;
  /** Adds a checkpoint over all rows. Throws if the log is not what the last one says: nothing is signed that contradicts it. */
  seal(tail: Tail, seal: Seal): Checkpoint;
  /** A signed note that the rows up to this one were removed on purpose, for the row that says so. */
  notePruned(tail: Tail, seal: Seal): string;
}

export function createSealer(database: Database): Sealer {
  const last = database.prepare<[], Covered>('SELECT size, head, note FROM checkpoints ORDER BY size DESC LIMIT 1');
  const hashOf = database.prepare<[number], string>('SELECT hash FROM audit WHERE id = ?').pluck();
  const insert = database.prepare<[number, string, string, string]>(
    'INSERT INTO checkpoints (size, timestamp, head, note) VALUES (?, ?, ?, ?)',
  );
  return {
    uncovered: ({ id }) => id - (last.get()?.size ?? 0),
    seal({ id, hash }, { signer, at }) {
      const before = last.get();
      if (before !== undefined && (before.size >= id || (hashOf.get(before.size) ?? before.head) !== before.head))
        throw contradiction();
      const timestamp = isoTime(at);
      const previous = before === undefined ? null : noteHash(before.note);
      const origin = origins(before, hashOf.get(1));
      const note = signer.sign(statementText({ origin, size: id, head: hash, timestamp, previous, pruned: false }));
      insert.run(id, timestamp, hash, note);
      return { size: id, head: hash, timestamp, note };
    },
    notePruned({ id, hash }, { signer, at }) {
      const origin = origins(last.get(), hashOf.get(1));
      const timestamp = isoTime(at);
      return signer.sign(statementText({ origin, size: id, head: hash, timestamp, previous: null, pruned: true }));
    },
  };
}

interface Covered {
  readonly size: number;
  readonly head: string;
  readonly note: string;
}

/** Once the first row is pruned, only checkpoints know what the log is called. */
function origins(before: Covered | undefined, firstHash: string | undefined): string {
  const said = before === undefined ? null : (statementIn(before.note)?.origin ?? null);
  const origin = firstHash === undefined ? said : originOf(firstHash);
  if (origin === null || (said !== null && said !== origin)) throw contradiction();
  return origin;
}

function contradiction(): VaultError {
  return new VaultError('audit_unavailable', 'the audit log is not what its last checkpoint says', {
    hint: 'agent-vault audit verify shows where it was changed',
  });
}
