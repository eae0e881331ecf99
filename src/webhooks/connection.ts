import type { Clock } from '../core/clock.ts';
import { deadlineIn } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { errorCode, retryWhileBusy } from '../store/busy.ts';
import type { Database } from '../store/database.ts';

/** The database in which events wait, opened when it is first needed, and anew after it failed. */
export interface Connection {
  /**
   * Waits, without stopping the process, for as long as others hold the database. Null if there is none yet, if it failed, which is said,
   * or if all is over.
   */
  use<Result>(work: (database: Database) => Result): Promise<Result | null>;
  readonly isOpen: boolean;
  close(): void;
}

export interface ConnectionOptions {
  /** Null: there is none yet. */
  readonly open: () => Promise<Database | null>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds for others to let go of the database. */
const patience = 5_000;

export function createConnection({ open, clock, log }: ConnectionOptions): Connection {
  let opening: Promise<Database | null> | null = null;
  let current: Database | null = null;
  let isClosed = false;

  const opened = async (): Promise<Database | null> => {
    const database = await open();
    if (!isClosed) current = database;
    else database?.close();
    return current;
  };
  const ready = async (): Promise<Database | null> => {
    if (current !== null || isClosed) return current;
    opening ??= opened();
    try {
      return await opening;
    } finally {
      opening = null;
    }
  };
  const drop = (): void => {
    const database = current;
    current = null;
    database?.close();
  };

  return {
    async use(work) {
      try {
        return await retryWhileBusy(clock, deadlineIn(clock, patience), async () => {
          const database = await ready();
          return database === null ? null : work(database);
        });
      } catch (error) {
        if (!isClosed) say(error, log);
        drop();
        return null;
      }
    },
    get isOpen() {
      return current !== null;
    },
    close() {
      isClosed = true;
      drop();
    },
  };
}

/** What makes the log unusable is said by the log. */
function say(error: unknown, log: Log): void {
  if (error instanceof VaultError) return;
  const code = errorCode(error) ?? 'unknown';
  log.once(`webhooks wait: the database that they wait in cannot be used (${code})`, 'no event is lost by that');
}
