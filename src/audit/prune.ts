import type { AuditRow } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import { deadlineIn, isoTime } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { DatabasePlace } from '../store/admission.ts';
import { admit } from '../store/admission.ts';
import { retryWhileBusy } from '../store/busy.ts';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/database.ts';
import { createGuard } from '../store/guard.ts';
import { migrate } from '../store/migrations.ts';
import { prepareEntry } from './entry.ts';
import { openAuditKey } from './key.ts';
import type { Alongside } from './ledger.ts';
import type { NoteKey, NoteSigner } from './note.ts';
import { parseNoteKey } from './note.ts';
import { lastPruning } from './pruned.ts';
import type { Pruned } from './removal.ts';
import { removeEvents, removeRows } from './removal.ts';
import type { Problem } from './report.ts';
import { createSealer } from './sealer.ts';
import { verifyLog } from './verify.ts';
import { createWriter } from './writer.ts';

export type { Pruned } from './removal.ts';

export interface PruneOptions {
  readonly file: DatabasePlace;
  /** Rows that are older go; wall clock, milliseconds. */
  readonly before: number;
  /** The user's; the signing key is there. */
  readonly stateFolder: string;
  readonly clock: Clock;
  /** Public keys that checkpoints may be signed with besides this one. */
  readonly keys?: readonly NoteKey[];
  /** For the row that says so, in its transaction. */
  readonly alongside?: Alongside;
}

/**
 * Removes the oldest rows: from the first one on, as long as they are older, with their decisions and events. Before that a row `pruned` is committed
 * which holds a signed note of how many they were and how they ended, so that the log can still be checked from there on. Checkpoints stay.
 * Servers may write meanwhile. Throws `input_invalid` where events about them are still to be delivered and where the log is not
 * intact (what would show it must not be removed), and `audit_unavailable` or SQLite's errors where it cannot be written.
 */
export async function pruneLog(options: PruneOptions): Promise<Pruned> {
  const { file, clock } = options;
  const signer = await openAuditKey(options.stateFolder);
  await admit(file);
  const database = await openDatabase(file.path);
  const busily = <Result>(work: () => Result): Promise<Result> =>
    retryWhileBusy(clock, deadlineIn(clock, patience), work);
  try {
    await busily(() => migrate(database));
    createGuard(database)();
    await checkIntact(options, signer);
    // What is deleted is overwritten.
    database.pragma('secure_delete = ON');
    await busily(() => begin(database, options, signer));
    const upTo = lastPruning(database, keysOf(signer))?.size ?? 0;
    const removed = await removeRows(database, upTo, busily);
    await busily(() => removeEvents(database, upTo, clock.wall() - orphanedMs));
    database.pragma('wal_checkpoint(TRUNCATE)');
    return removed;
  } finally {
    database.close();
  }
}

/** Milliseconds to wait for other processes; there is no hurry. */
const patience = 10_000;

/** A clock that was set back is no reason to keep what it dated for ever. */
async function checkIntact({ file, keys = [] }: PruneOptions, signer: NoteSigner): Promise<void> {
  const report = await verifyLog(file.path, { keys: [...keysOf(signer), ...keys] });
  const problem = report.problems.find(({ what }) => what !== 'time');
  if (problem !== undefined) throw damaged(problem);
  if (report.kind === 'unreadable') throw new VaultError('audit_unavailable', 'the audit log cannot be read');
}

function keysOf({ vkey }: NoteSigner): readonly NoteKey[] {
  const key = parseNoteKey(vkey);
  return key === null ? [] : [key];
}

function damaged({ row, says }: Problem): VaultError {
  const where = row === null ? '' : `row ${row}: `;
  return new VaultError('input_invalid', `the audit log is not intact (${where}${says}), so nothing of it is removed`, {
    hint: 'agent-vault audit verify says more; move the file away and a new log is started',
  });
}

/** Writes down what is going to be removed. Nothing where there is nothing to remove. */
function begin(database: Database, options: PruneOptions, signer: NoteSigner): void {
  const add = createWriter(database);
  const sealer = createSealer(database);
  const stow = options.alongside?.(database);
  const write = database.transaction(() => {
    const last = lastBefore(database, options.before);
    if (last === null) return;
    checkDelivered(database, last.id, options.clock.wall());
    const seal = { signer, at: options.clock.wall() };
    const tail = tailOf(database);
    // A log without a checkpoint would forget what it is called.
    if (sealer.uncovered(tail) > 0) sealer.seal(tail, seal);
    const row = prunedRow(last, { ...seal, before: options.before, note: sealer.notePruned(last, seal) });
    for (const rows of add([prepareEntry([row])]).rows) stow?.(rows, null);
  });
  write.immediate();
}

interface Last {
  readonly id: number;
  readonly hash: string;
}

/** What waits longer than any schedule belongs to a webhook that no config names any more. Milliseconds. */
const orphanedMs = 7 * 86_400_000;

/** The last row of those that are older, if there are any; of those with the same time, all or none. */
function lastBefore(database: Database, before: number): Last | null {
  const kept = database.prepare<[string], number | null>('SELECT min(id) FROM audit WHERE timestamp >= ?').pluck();
  const first = kept.get(isoTime(before)) ?? null;
  const last = database.prepare<[number], Last>('SELECT id, hash FROM audit WHERE id < ? ORDER BY id DESC LIMIT 1');
  return last.get(first ?? Infinity) ?? null;
}

function tailOf(database: Database): Last {
  const tail = database.prepare<[], Last>('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1').get();
  if (tail === undefined) throw new VaultError('internal', 'an empty log cannot be pruned');
  return tail;
}

/** What was delivered, or given up, does not need its rows any more. */
function checkDelivered(database: Database, last: number, now: number): void {
  const waiting = database
    .prepare<[number, number], number>(
      `SELECT count(*) FROM outbox WHERE seq <= ? AND state NOT IN ('delivered', 'dead') AND created_at > ?`,
    )
    .pluck()
    .get(last, now - orphanedMs);
  if (waiting === undefined || waiting === 0) return;
  const what = waiting === 1 ? '1 event about these rows is' : `${waiting} events about these rows are`;
  throw new VaultError('input_invalid', `${what} still to be delivered, so nothing is removed`, {
    hint: 'agent-vault webhooks list shows what they wait for',
  });
}

function prunedRow(last: Last, { at, before, note }: { at: number; before: number; note: string }): AuditRow {
  return {
    timestamp: isoTime(at),
    secretName: '',
    reason: '',
    action: 'pruned',
    scope: null,
    ttlExpiresAt: null,
    vault: '',
    operation: '',
    requestId: null,
    session: '',
    agent: '',
    approver: null,
    factor: null,
    detail: { size: last.id, head: last.hash, before: isoTime(before), note },
  };
}
