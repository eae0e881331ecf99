import type { Clock } from '../core/clock.ts';
import { deadlineIn, isoTime } from '../core/clock.ts';
import type { Random } from '../core/ports.ts';
import type { DatabasePlace } from '../store/admission.ts';
import { retryWhileBusy } from '../store/busy.ts';
import type { Database } from '../store/database.ts';
import type { Endpoint, Webhook } from './endpoint.ts';
import type { Verdict } from './formats/define.ts';
import { openOutboxFile } from './outbox-file.ts';
import { testEvent } from './outgoing.ts';
import { replay } from './replay.ts';
import type { EndpointReport } from './reports.ts';
import { readReports, reportOfNothing } from './reports.ts';
import { openSink } from './sink.ts';

/** What a person can do about the outbox. Everything here opens the database, which servers may be using, for a moment. */
export interface OutboxAdmin {
  readonly file: DatabasePlace;
  /** Those in the config. */
  readonly endpoints: readonly Endpoint[];
  readonly clock: Clock;
}

/** Those in the config in its order, then those that were in it. Without a database, or with one of an older version, nothing waits. */
export async function listEndpoints({ file, endpoints, clock }: OutboxAdmin): Promise<readonly EndpointReport[]> {
  const stored = (await withOutbox({ file, clock }, readReports)) ?? [];
  const current = endpoints.map((endpoint): EndpointReport => {
    const found = stored.find(({ id }) => id === endpoint.id);
    return { ...(found ?? reportOfNothing(endpoint)), webhook: endpoint.webhook };
  });
  const ids = new Set(endpoints.map(({ id }) => id));
  return [...current, ...stored.filter(({ id }) => !ids.has(id))];
}

/** Lets what was given up wait again, makes what waits due now, and enables endpoints. Gives the number of events that were given up. */
export async function retryEndpoints(
  ids: readonly string[],
  { file, clock }: Omit<OutboxAdmin, 'endpoints'>,
): Promise<number> {
  const retried = await withOutbox({ file, clock }, (database) => {
    const revive = database.prepare<[string]>(
      `UPDATE outbox SET state = 'waiting', attempts = 0, next_at = 0, problem = NULL WHERE endpoint = ? AND state = 'dead'`,
    );
    const hurry = database.prepare<[string]>(
      `UPDATE outbox SET attempts = 0, next_at = 0 WHERE endpoint = ? AND state = 'waiting' AND next_at > 0`,
    );
    const enable = database.prepare<[string]>('UPDATE endpoints SET disabled = NULL, next_at = 0 WHERE endpoint = ?');
    const all = database.transaction(() =>
      ids.reduce((sum, id) => {
        enable.run(id);
        hurry.run(id);
        return sum + revive.run(id).changes;
      }, 0),
    );
    return all.immediate();
  });
  return retried ?? 0;
}

/** Lets what was committed since then wait once more, for these endpoints, as far as they want it. Gives the number of events. */
export async function replayEvents(since: number, { file, endpoints, clock }: OutboxAdmin): Promise<number> {
  const database = await openOutboxFile(file);
  if (database === null) return 0;
  try {
    return await replay({ database, endpoints, clock, since });
  } finally {
    database.close();
  }
}

/** Sends one event that says that it is a test, and nothing else. Rejects with a VaultError where the webhook cannot be used at all. */
export async function testWebhook(
  webhook: Webhook,
  {
    clock,
    random,
    timeoutMs = 15_000,
  }: { readonly clock: Clock; readonly random: Random; readonly timeoutMs?: number },
): Promise<Verdict> {
  const sink = await openSink(webhook, { clock });
  try {
    const [verdict] = await sink.send([testEvent(random.id(), isoTime(clock.wall()))], timeoutMs);
    return verdict ?? { kind: 'retry', why: 'it was not sent' };
  } finally {
    sink.close();
  }
}

/** Milliseconds for others to let go of the database. */
const patience = 5_000;

async function withOutbox<Result>(
  { file, clock }: Omit<OutboxAdmin, 'endpoints'>,
  work: (database: Database) => Result,
): Promise<Result | null> {
  const deadline = deadlineIn(clock, patience);
  const database = await retryWhileBusy(clock, deadline, () => openOutboxFile(file));
  if (database === null) return null;
  try {
    return await retryWhileBusy(clock, deadline, () => work(database));
  } finally {
    database.close();
  }
}
