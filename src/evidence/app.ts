import { exportLog } from '../audit/export.ts';
import type { Pruned } from '../audit/prune.ts';
import type { Log } from '../core/ports.ts';
import type { Filter } from './filter.ts';
import { withLog } from './log-file.ts';
import type { Where } from './place.ts';
import { findPlace } from './place.ts';
import { prunable, prune } from './prune.ts';
import type { RequestRecord } from './request.ts';
import { requestRecord } from './request.ts';
import { followRows, headOf, newestRows } from './rows.ts';
import type { Stats } from './stats.ts';
import { statsOf } from './stats.ts';
import type { StoredRow } from './stored-row.ts';
import type { Verified, Verifying } from './verify.ts';
import { verify } from './verify.ts';

export type { Filter } from './filter.ts';
export type { RequestRecord, SignatureCheck } from './request.ts';
export type { Count, Stats } from './stats.ts';
export type { StoredRow } from './stored-row.ts';
export type { Verified } from './verify.ts';
export { csvOf } from '../audit/csv.ts';
export { verifyExitCodes } from '../audit/report.ts';
export type { Problem, Report } from '../audit/report.ts';

/** What can be asked of a log. Each method looks at one moment of it and rejects with `audit_unavailable` if it is no log of ours. */
export interface Evidence {
  /** Absolute. */
  readonly file: string;
  /** The newest rows that fit, oldest first. */
  newest(filter: Filter, limit: number): Promise<readonly StoredRow[]>;
  /** The id of the last row; 0 if there is none. */
  head(): Promise<number>;
  /** The rows that fit, as they are committed after the row `last`, without end. */
  follow(last: number, filter: Filter): AsyncIterable<readonly StoredRow[]>;
  stats(filter: Filter): Promise<Stats>;
  /** Null if there is no such request or row. @param id a request's, or a row's number */
  request(id: string): Promise<RequestRecord | null>;
  /** The whole log as lines of JSON, each with its line feed, which can be checked without SQLite. */
  exported(): AsyncIterable<string>;
  /** Of the log, or of an export of one in its place. Never rejects for what is in it. */
  verify(options: Omit<Verifying, 'stateFolder'>): Promise<Verified>;
  /** How many rows `prune` would remove. @param before wall clock, milliseconds */
  prunable(before: number): Promise<number>;
  /** Removes the oldest rows, as long as they are from before then. Rejects with `input_invalid` where none may be removed. */
  prune(before: number): Promise<Pruned>;
}

export interface EvidenceOptions {
  readonly where: Where;
  /** Names another log than the config's. */
  readonly file: string | null;
  readonly log: Log;
}

export async function openEvidence({ where, file: named, log }: EvidenceOptions): Promise<Evidence> {
  const place = await findPlace(where, { file: named, log });
  const { stateFolder } = place;
  const file = place.file.path;
  return {
    file,
    newest: (filter, limit) => newestRows(file, filter, limit),
    head: () => headOf(file),
    follow: (last, filter) => followRows(file, last, filter),
    stats: (filter) => statsOf(file, filter),
    request: (id) => requestRecord(file, id, stateFolder),
    exported: () => exported(file),
    verify: (options) => verify(file, { ...options, stateFolder }),
    prunable: (before) => prunable(file, before),
    prune: (before) => prune(place, { before, where, log }),
  };
}

async function* exported(file: string): AsyncGenerator<string> {
  await withLog(file, () => undefined);
  yield* exportLog(file);
}
