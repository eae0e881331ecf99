import type { CommittedRow } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import type { Database } from '../store/database.ts';
import type { Endpoint } from './endpoint.ts';
import { isWantedBy } from './endpoint.ts';
import type { EventName } from './events.ts';
import { decisionsIn } from './events.ts';
import { checkpointEvent, secretEvent } from './outgoing.ts';
import type { Checkpoint } from './outgoing.ts';
import type { StoredEvent } from './stored-event.ts';
import { bodyOf } from './stored-event.ts';

/** Puts events where they wait for their endpoints. */
export interface Outbox {
  /**
   * For the transaction that commits rows or a checkpoint: called once for each connection, then for the rows of each append, and without
   * rows for a checkpoint.
   */
  alongside(database: Database): (rows: readonly CommittedRow[], checkpoint: Checkpoint | null) => void;
  /** After the commit, with the same rows. */
  committed(rows: readonly CommittedRow[]): void;
  /** Whether somebody may be told now of what happened while nobody might. */
  isHolding(): boolean;
  /** Enqueues that, in one transaction. */
  release(database: Database): void;
  /** Where each endpoint's event about this row waits, by the endpoint's id: rows of the table. Undefined if this process did not commit it. */
  placesOf(row: CommittedRow): ReadonlyMap<string, number> | undefined;
}

export interface OutboxOptions {
  /** Those that may be told at the moment. */
  readonly endpoints: () => readonly Endpoint[];
  readonly clock: Clock;
  /** Called within the transaction, with the ids of the endpoints that something waits for. */
  readonly onEnqueued: (endpoints: readonly string[]) => void;
}

/** What happened while nobody might be told waits in memory for a person's approval, as far back as this. Appends. */
const mostHeld = 500;

export function createOutbox({ endpoints, clock, onEnqueued }: OutboxOptions): Outbox {
  const untold = new WeakSet<readonly CommittedRow[]>();
  const places = new WeakMap<CommittedRow, ReadonlyMap<string, number>>();
  let held: (readonly CommittedRow[])[] = [];

  const enqueue = (insert: Insert, name: EventName, event: () => StoredEvent): ReadonlyMap<string, number> => {
    const wanting = endpoints().filter((endpoint) => isWantedBy(endpoint, name));
    if (wanting.length === 0) return new Map();
    const place = insert(event(), wanting);
    onEnqueued([...place.keys()]);
    return place;
  };
  const enqueueRows = (insert: Insert, rows: readonly CommittedRow[]): void => {
    for (const decision of decisionsIn(rows)) {
      const place = enqueue(insert, decision.last.action, () => secretEvent(decision));
      for (const row of decision.rows) places.set(row, place);
    }
  };

  return {
    alongside(database) {
      const insert = inserter(database, clock);
      return (rows, checkpoint) => {
        if (endpoints().length === 0) untold.add(rows);
        else enqueueRows(insert, rows);
        if (checkpoint !== null) enqueue(insert, 'checkpoint', () => checkpointEvent(checkpoint));
      };
    },
    committed(rows) {
      if (untold.has(rows)) held = [...held.slice(1 - mostHeld), rows];
    },
    isHolding: () => held.length > 0 && endpoints().length > 0,
    release(database) {
      const insert = inserter(database, clock);
      database.transaction(() => held.forEach((rows) => enqueueRows(insert, rows))).immediate();
      held = [];
    },
    placesOf: (row) => places.get(row),
  };
}

type Insert = (event: StoredEvent, endpoints: readonly Endpoint[]) => ReadonlyMap<string, number>;

/** The caller holds the write transaction. */
export function inserter(database: Database, clock: Clock): Insert {
  const introduce = database.prepare<[string, string]>(
    'INSERT INTO endpoints (endpoint, name) VALUES (?, ?) ON CONFLICT (endpoint) DO NOTHING',
  );
  const add = database.prepare<[string, string, number, string, number]>(
    `INSERT INTO outbox (endpoint, event, seq, body, created_at, next_at, state) VALUES (?, ?, ?, ?, ?, 0, 'waiting')`,
  );
  return (event, endpoints) => {
    const body = bodyOf(event);
    const now = clock.wall();
    return new Map(
      endpoints.map(({ id, name }) => {
        introduce.run(id, name);
        return [id, Number(add.run(id, event.id, event.seq, body, now).lastInsertRowid)];
      }),
    );
  };
}
