import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { openAudit } from '../../src/audit/log.ts';
import type { AuditRow, CommittedRow } from '../../src/core/audit-row.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { AuditLog } from '../../src/core/ports.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { Database } from '../../src/store/database.ts';
import { openReadOnly } from '../../src/store/read-only.ts';
import type { Webhook } from '../../src/webhooks/endpoint.ts';
import { openWebhooks } from '../../src/webhooks/webhooks.ts';
import type { Webhooks } from '../../src/webhooks/webhooks.ts';
import { temporaryFile } from '../audit/support.ts';
import { TestClock } from '../support/clock.ts';
import { auditRow } from './rows.ts';
import type { Sink } from './support.ts';

export { auditRow, webhookTo } from './rows.ts';

export interface Stand {
  readonly file: string;
  readonly webhooks: Webhooks;
  readonly audit: AuditLog;
  /** What the operator was told. */
  readonly lines: string[];
  /** Those in force. */
  endpoints: readonly Webhook[];
  readonly append: (changes?: Partial<AuditRow>) => Promise<readonly CommittedRow[]>;
}

export interface StandOptions {
  readonly endpoints: readonly Webhook[];
  readonly file?: string;
  readonly clock?: Clock;
  readonly timeoutMs?: number;
}

/** One process's audit log and webhooks, joined as the app does. */
export function openStand({ file = temporaryFile(), clock = systemClock, ...options }: StandOptions): Stand {
  const lines: string[] = [];
  const log = createLog((text) => lines.push(text));
  const place = { path: file, followLinks: true };
  const webhooks = openWebhooks({
    ...options,
    file: place,
    endpoints: () => stand.endpoints,
    clock,
    random: systemRandom,
    log,
  });
  const audit = openAudit({
    file: place,
    clock: systemClock,
    log,
    onCommitted: (rows) => webhooks.committed(rows),
    alongside: webhooks.alongside,
  });
  let count = 0;
  const stand: Stand = {
    file,
    webhooks,
    audit,
    lines,
    endpoints: options.endpoints,
    append: (changes = {}) => audit.append([auditRow({ secretName: `NAME_${(count += 1)}`, ...changes })]),
  };
  onTestFinished(async () => {
    await audit.close();
    const closed = webhooks.close(0);
    if (clock instanceof TestClock) clock.pass(1);
    await closed;
  });
  return stand;
}

export interface StoredRow {
  readonly id: number;
  readonly endpoint: string;
  readonly event: string;
  readonly state: string;
  readonly attempts: number;
  readonly next_at: number;
  readonly problem: string | null;
}

/** The outbox as it stands in the file. */
export function outboxOf(file: string): Promise<StoredRow[]> {
  return reading(file, (database) => database.prepare<[], StoredRow>('SELECT * FROM outbox ORDER BY id').all());
}

export async function reading<Result>(file: string, look: (database: Database) => Result): Promise<Result> {
  const database = await openReadOnly(file);
  try {
    return look(database);
  } finally {
    database.close();
  }
}

/** Waits for something to be as wanted; the test's own time-out is the limit. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}

/** Lets time go by for the webhooks of a stand, which do their work in between. */
export async function passTime({ webhooks }: Stand, clock: TestClock, ms: number, step = 60_000): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    await webhooks.flush(Infinity);
    clock.pass(Math.min(step, left));
  }
  await webhooks.flush(Infinity);
}

export function seqsOf(sink: Sink): number[] {
  return sink.received.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
}
