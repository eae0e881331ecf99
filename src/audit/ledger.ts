import type { CommittedRow } from '../core/audit-row.ts';
import { VaultError } from '../core/errors.ts';
import type { DatabasePlace } from '../store/admission.ts';
import { admit } from '../store/admission.ts';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/database.ts';
import { createGuard } from '../store/guard.ts';
import { migrate } from '../store/migrations.ts';
import type { FileIdentity } from '../store/private-file.ts';
import { companionsOf, identityOf, sameFile } from '../store/private-file.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Entry } from './entry.ts';
import { lastPruning } from './pruned.ts';
import type { Sealable } from './sealer.ts';
import type { Sealed } from './sealing.ts';
import { createSealing } from './sealing.ts';
import type { Tail } from './writer.ts';
import { createWriter } from './writer.ts';

/**
 * Writes more in the transaction that commits rows: called once for each connection, then for the rows of each append after they were
 * inserted, and without rows for a checkpoint. What it throws about rows undoes the transaction, so that nothing is committed; what it
 * throws about a checkpoint undoes the checkpoint.
 */
export type Alongside = (database: Database) => (rows: readonly CommittedRow[], checkpoint: Checkpoint | null) => void;

export interface Written extends Sealed {
  /** Of each entry. */
  readonly rows: readonly (readonly CommittedRow[])[];
}

type Write = (entries: readonly Entry[], seal: Sealable | null) => Written;

/**
 * The log in its one file. Once it has been opened it must stay the same file, and the last row this ledger wrote must
 * stay in it, unless it was pruned: a file put in its place, or an older copy of it, is refused for as long as the ledger lives.
 */
export class Ledger {
  readonly #place: DatabasePlace;
  readonly #file: string;
  readonly #alongside: Alongside | undefined;
  #identity: FileIdentity | null = null;
  #last: Tail | null = null;
  #connection: { readonly database: Database; readonly write: Write } | null = null;

  constructor(place: DatabasePlace, alongside?: Alongside) {
    this.#place = place;
    this.#file = place.path;
    this.#alongside = alongside;
  }

  /**
   * Commits all entries or none, opening the file if need be. Throws what the database throws. After anything but
   * `SQLITE_BUSY` the caller must `close`: nothing is known about a commit whose fsync failed, so the file is read afresh.
   */
  async write(entries: readonly Entry[], seal: Sealable | null): Promise<Written> {
    this.#connection ??= await this.#open();
    const written = this.#connection.write(entries, seal);
    const last = written.rows.flat().at(-1);
    if (last !== undefined) this.#last = { id: last.seq, hash: last.hash };
    return written;
  }

  get isOpen(): boolean {
    return this.#connection !== null;
  }

  /** Reads what is committed, between two writes. Null while the file is not open. */
  read<Result>(look: (database: Database) => Result): Result | null {
    return this.#connection === null ? null : look(this.#connection.database);
  }

  close(): void {
    const database = this.#connection?.database;
    this.#connection = null;
    database?.close();
  }

  async #open(): Promise<{ readonly database: Database; readonly write: Write }> {
    if (this.#identity === null) await admit(this.#place);
    else this.#checkFile();
    const database = await openDatabase(this.#file);
    try {
      if (this.#identity === null) migrate(database);
      this.#identity ??= identityOf(this.#file);
      return { database, write: this.#writer(database) };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #writer(database: Database): Write {
    const checkSchema = createGuard(database);
    checkSchema();
    const checkLast = this.#lastCheck(database);
    const checkCompanions = companionCheck(this.#file);
    const add = createWriter(database);
    const stow = this.#alongside?.(database) ?? ((): void => undefined);
    const sealed = createSealing(database, stow);
    const transaction = database.transaction<Write>((entries, seal) => {
      checkSchema();
      checkLast(seal);
      const { rows, tail } = add(entries);
      for (const each of rows) if (each.length > 0) stow(each, null);
      const sealing = sealed(tail, seal);
      this.#checkFile();
      checkCompanions();
      return { rows, ...sealing };
    });
    return (entries, seal) => transaction.immediate(entries, seal);
  }

  #checkFile(): void {
    if (!sameFile(identityOf(this.#file), this.#identity)) throw replaced('was removed or replaced');
  }

  #lastCheck(database: Database): (seal: Sealable | null) => void {
    const hashOf = database.prepare<[number]>('SELECT hash FROM audit WHERE id = ?').pluck();
    return (seal) => {
      if (this.#last === null) return;
      const hash = hashOf.get(this.#last.id);
      if (hash === this.#last.hash) return;
      const pruned = hash === undefined && seal !== null ? lastPruning(database, seal.keys) : null;
      if (pruned === null || pruned.size < this.#last.id) throw replaced('has lost rows');
    };
  }
}

/** What is committed into a write-ahead log that was deleted meanwhile is lost with the process. */
function companionCheck(file: string): () => void {
  const companions = companionsOf(file);
  const before = companions.map((each) => identityOf(each));
  return () => {
    companions.forEach((each, at) => {
      const now = identityOf(each);
      before[at] ??= now;
      if (!sameFile(now, before[at])) throw replaced('lost its -wal or -shm file');
    });
  };
}

function replaced(what: string): VaultError {
  return new VaultError('audit_unavailable', `the audit log's file ${what} while in use`, {
    hint: 'put it back, or restart agent-vault to go on with the file that is there now',
  });
}
