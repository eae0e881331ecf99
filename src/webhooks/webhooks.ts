import type { CommittedRow } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import type { EventSink, Log, Random } from '../core/ports.ts';
import type { Witness } from '../core/witness.ts';
import type { DatabasePlace } from '../store/admission.ts';
import type { Database } from '../store/database.ts';
import { createWitness } from './confirm.ts';
import { createConnection } from './connection.ts';
import { createDispatcher } from './dispatcher.ts';
import type { Endpoint, Webhook } from './endpoint.ts';
import { endpointsOf } from './endpoint.ts';
import { createHousekeeping } from './housekeeping.ts';
import { createOutbox } from './outbox.ts';
import type { Outbox } from './outbox.ts';
import { openOutboxFile } from './outbox-file.ts';
import { openSink } from './sink.ts';

export interface WebhooksOptions {
  /** The audit log's file. */
  readonly file: DatabasePlace;
  /** Those that may be told at the moment. The same objects again mean that nothing has changed. */
  readonly endpoints: () => readonly Webhook[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Milliseconds one message may take. */
  readonly timeoutMs?: number;
}

/** Events on their way: from the transaction of the audit log to those who are told. */
export interface Webhooks extends EventSink, Witness {
  /** For `openAudit`. */
  readonly alongside: Outbox['alongside'];
  /** Looks, after a while, for what other processes have left. */
  start(): void;
  /** Look at the endpoints again. Resolves when what happened while nobody might be told waits for those who may be now. */
  changed(): Promise<void>;
  /** Says how much is left. After the audit log was closed, whose last checkpoint is sent too. */
  close(ms: number): Promise<void>;
}

/** A process that a client starts only to probe it opens no database. Milliseconds. */
const startMs = 3_000;

/**
 * From so many pages on, who commits to the log has to move them into the database, and to wait for the disk. Usually the connection
 * through which events are sent has done that before, when nobody waited: from 1,000 pages on.
 */
const mostPages = 4_000;

export function openWebhooks({ file, clock, random, log, ...options }: WebhooksOptions): Webhooks {
  const endpoints = remembered(options.endpoints);
  const connection = createConnection({ open: () => openOutboxFile(file), clock, log });
  const housekeeping = createHousekeeping(connection, clock);
  const dispatcher = createDispatcher({
    ...options,
    endpoints,
    connection,
    openSink: ({ webhook }) => openSink(webhook, { clock }),
    clock,
    random,
    log,
  });
  const outbox = createOutbox({ endpoints, clock, onEnqueued: (ids) => dispatcher.enqueued(ids) });
  const witness = createWitness({ endpoints, outbox, dispatcher, connection, clock });
  let stopStart = (): void => undefined;
  const changed = async (): Promise<void> => {
    if (outbox.isHolding()) await connection.use((database) => outbox.release(database));
    dispatcher.look();
  };

  return {
    alongside(database: Database) {
      if (endpoints().length > 0) database.pragma(`wal_autocheckpoint = ${mostPages}`);
      return outbox.alongside(database);
    },
    committed(rows: readonly CommittedRow[]) {
      outbox.committed(rows);
      // The database was busy when they became known.
      if (outbox.isHolding()) void changed();
    },
    confirm: (rows) => witness.confirm(rows),
    flush: (ms) => dispatcher.idle(ms),
    start() {
      stopStart = clock.after(startMs, () => {
        dispatcher.look();
        housekeeping.start();
      });
    },
    changed,
    async close(ms) {
      stopStart();
      housekeeping.stop();
      await dispatcher.idle(ms);
      await dispatcher.close();
      const left = connection.isOpen ? await connection.use((database) => waitingFor(database, endpoints())) : null;
      if (left !== null && left > 0) log.warn(leftWords(left), 'agent-vault sends them when it runs again');
      connection.close();
    },
  };
}

/** The same endpoints for the same webhooks: a lane keeps its connections as long as its endpoint stays. */
function remembered(webhooks: () => readonly Webhook[]): () => readonly Endpoint[] {
  let endpoints: readonly Endpoint[] = [];
  return () => {
    const now = webhooks();
    if (now.length === endpoints.length && now.every((webhook, at) => webhook === endpoints[at]?.webhook))
      return endpoints;
    const before = endpoints;
    const isSame = (a: Endpoint, b: Endpoint): boolean => a.id === b.id && a.webhook === b.webhook;
    endpoints = endpointsOf(now).map((endpoint) => before.find((old) => isSame(old, endpoint)) ?? endpoint);
    return endpoints;
  };
}

function waitingFor(database: Database, endpoints: readonly Endpoint[]): number {
  const count = database.prepare<[string], number>(
    `SELECT count(*) FROM outbox WHERE endpoint = ? AND state = 'waiting'`,
  );
  return endpoints.reduce((sum, { id }) => sum + Number(count.pluck().get(id)), 0);
}

function leftWords(count: number): string {
  return count === 1 ? '1 event waits for its webhook' : `${count} events wait for their webhooks`;
}
