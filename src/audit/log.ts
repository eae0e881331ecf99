import type { AuditRow, CommittedRow, DecisionRecord } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import { deadlineIn } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { AuditLog, Log } from '../core/ports.ts';
import type { DatabasePlace } from '../store/admission.ts';
import { retryWhileBusy } from '../store/busy.ts';
import { abandonUnfinished } from './abandoned.ts';
import { createBatches } from './batches.ts';
import { createCauseLog } from './cause.ts';
import type { CheckpointOptions } from './checkpoints.ts';
import { createCheckpoints } from './checkpoints.ts';
import type { Entry } from './entry.ts';
import { prepareEntry } from './entry.ts';
import type { Alongside, Written } from './ledger.ts';
import { Ledger } from './ledger.ts';

export interface AuditOptions {
  /** Made on the first append; nothing is opened before. */
  readonly file: DatabasePlace;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after the commit with each append's rows, before its promise resolves. What it throws is only said. */
  readonly onCommitted: (rows: readonly CommittedRow[]) => void;
  readonly alongside?: Alongside;
  /** Without them, no checkpoints are made. */
  readonly checkpoints?: CheckpointOptions;
}

/** Milliseconds an append waits, in all, for other processes to let go of the database. */
const patience = 1500;

/** Asks for a checkpoint. */
const nothing: Entry = { rows: [], decision: null };

/**
 * The audit log in a SQLite file. Appends of one turn of the event loop share a transaction, and with it an fsync. After the first one,
 * the requests of processes that ended without ending them are closed.
 */
export function openAudit({ file, clock, log, onCommitted, alongside, checkpoints: options }: AuditOptions): AuditLog {
  const ledger = new Ledger(file, alongside);
  const causes = createCauseLog(file.path, log);
  const seal = (): Promise<unknown> => (ledger.isOpen ? batches.add(nothing) : Promise.resolve());
  const checkpoints = options === undefined ? null : createCheckpoints(options, { clock, log, write: seal });
  let abandoning: Promise<void> | null = null;
  let closed = false;

  const batches = createBatches(async (entries: readonly Entry[]) => {
    try {
      const { rows, ...sealed } = await retryWhileBusy(clock, deadlineIn(clock, patience), () => write(entries));
      causes.worked();
      rows.forEach(publish);
      checkpoints?.committed(sealed);
      const [first] = rows.flat();
      if (first !== undefined) abandoning ??= abandon(first.seq);
      return rows;
    } catch (error) {
      release();
      return refuse(error);
    }
  });

  return {
    async append(rows, decision) {
      if (closed) throw unavailable(null);
      return batches.add(prepared(rows, decision));
    },
    async close() {
      closed = true;
      await batches.idle();
      await abandoning;
      checkpoints?.stop();
      if (ledger.isOpen)
        await checkpoints
          ?.ready()
          .then(seal)
          .catch(() => undefined);
      release();
      await checkpoints?.idle();
    },
  };

  function write(entries: readonly Entry[]): Promise<Written> {
    return ledger.write(entries, checkpoints?.seal(entries.includes(nothing)) ?? null);
  }

  /** Runs beside the appends; whoever starts next does what it leaves undone. */
  async function abandon(before: number): Promise<void> {
    const add = (entry: Entry): Promise<unknown> => batches.add(entry);
    const read: Ledger['read'] = (look) => (closed ? null : ledger.read(look));
    await abandonUnfinished({ before, now: clock.wall(), read, add }).catch((error: unknown) => causes.failed(error));
  }

  function prepared(rows: readonly AuditRow[], decision: DecisionRecord | undefined): Entry {
    try {
      return prepareEntry(rows, decision);
    } catch (error) {
      return refuse(error);
    }
  }

  function publish(rows: readonly CommittedRow[]): void {
    if (rows.length === 0) return;
    try {
      onCommitted(rows);
    } catch {
      log.once('a committed audit row could not be passed on', 'this is a bug; the log itself is whole');
    }
  }

  /** The next append opens the file again. */
  function release(): void {
    try {
      ledger.close();
    } catch (error) {
      causes.failed(error);
    }
  }

  function refuse(error: unknown): never {
    causes.failed(error);
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): VaultError {
  return new VaultError('audit_unavailable', 'the audit log cannot be written, so nothing was done', { cause });
}
