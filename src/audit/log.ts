import type { AuditRow, CommittedRow, DecisionRecord } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import { deadlineIn } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { AuditLog, Log } from '../core/ports.ts';
import type { DatabasePlace } from '../store/admission.ts';
import { retryWhileBusy } from '../store/busy.ts';
import { createBatches } from './batches.ts';
import { createCauseLog } from './cause.ts';
import type { Entry } from './entry.ts';
import { prepareEntry } from './entry.ts';
import type { Alongside } from './ledger.ts';
import { Ledger } from './ledger.ts';

export interface AuditOptions {
  /** Made on the first append; nothing is opened before. */
  readonly file: DatabasePlace;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after the commit with each append's rows, before its promise resolves. What it throws is only said. */
  readonly onCommitted: (rows: readonly CommittedRow[]) => void;
  readonly alongside?: Alongside;
}

/** Milliseconds an append waits, in all, for other processes to let go of the database. */
const patience = 1500;

/** The audit log in a SQLite file. Appends of one turn of the event loop share a transaction, and with it an fsync. */
export function openAudit({ file, clock, log, onCommitted, alongside }: AuditOptions): AuditLog {
  const ledger = new Ledger(file, alongside);
  const causes = createCauseLog(file.path, log);
  let closed = false;

  const batches = createBatches(async (entries: readonly Entry[]) => {
    try {
      const written = await retryWhileBusy(clock, deadlineIn(clock, patience), () => ledger.write(entries));
      causes.worked();
      written.forEach(publish);
      return written;
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
      release();
    },
  };

  function prepared(rows: readonly AuditRow[], decision: DecisionRecord | undefined): Entry {
    try {
      return prepareEntry(rows, decision);
    } catch (error) {
      return refuse(error);
    }
  }

  function publish(rows: readonly CommittedRow[]): void {
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
