import { VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import type { Database } from '../store/database.ts';
import { contentsOf } from '../store/contents.ts';
import { createGuard } from '../store/guard.ts';
import { schemaOf } from '../store/schema.ts';
import { openSnapshot } from '../store/snapshot.ts';
import { versionOf } from '../store/version.ts';
import type { Anchors } from './anchors.ts';
import { AnchorCheck } from './checks/anchors.ts';
import { ChainCheck } from './checks/chain.ts';
import { CheckpointCheck } from './checks/checkpoints.ts';
import type { VerifyDecision } from './checks/decisions.ts';
import { DecisionCheck } from './checks/decisions.ts';
import { LifeCheck } from './checks/lives.ts';
import { limitsOf } from './limits.ts';
import type { NoteKey } from './note.ts';
import type { LogRecord } from './records.ts';
import type { Report } from './report.ts';
import { Problems, unreadable } from './report.ts';
import { recordsOf, rowColumns } from './source.ts';

export interface VerifyOptions {
  /** The public keys that checkpoints may be signed with. */
  readonly keys: readonly NoteKey[];
  /** What others have kept of the log; null where there is nothing. */
  readonly anchors?: Anchors | null;
  /** Checks the signatures of decisions; without it they are only counted. */
  readonly verifyDecision?: VerifyDecision;
  /** Told now and then how many rows have been checked. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * Whether a log is what an honest one is, and complete. Changes nothing; works on a copy, and while servers write: it sees one moment.
 * Never rejects for what is in the file: a file that cannot be looked at is `unreadable`.
 */
export async function verifyLog(file: string, options: VerifyOptions): Promise<Report> {
  try {
    const snapshot = await openSnapshot(file);
    try {
      return await verifyDatabase(snapshot.database, options);
    } finally {
      snapshot.close();
    }
  } catch (error) {
    return unreadable(whyUnreadable(error));
  }
}

/** @param database in a transaction, so that it stands still */
async function verifyDatabase(database: Database, options: VerifyOptions): Promise<Report> {
  const contents = contentsOf(database);
  if (contents !== 'ours') return unreadable(strangers[contents]);
  const problems = new Problems();
  checkSchema(database, versionOf(database), problems);
  checkIndexes(database, problems);
  return verifyRecords(recordsOf(database), options, problems);
}

export async function verifyRecords(
  pages: Iterable<readonly LogRecord[]> | AsyncIterable<readonly LogRecord[]>,
  options: VerifyOptions,
  problems = new Problems(),
): Promise<Report> {
  const checks = checksOf(options, problems);
  for await (const page of pages) {
    for (const record of page) take(record, checks);
    await checks.decisions.settled();
    options.onProgress?.(checks.chain.count);
  }
  return reportOf(checks, options, problems);
}

interface Checks {
  readonly chain: ChainCheck;
  readonly checkpoints: CheckpointCheck;
  readonly anchors: AnchorCheck;
  readonly decisions: DecisionCheck;
  readonly lives: LifeCheck;
}

function checksOf({ keys, anchors, verifyDecision }: VerifyOptions, problems: Problems): Checks {
  const chain = new ChainCheck(problems);
  return {
    chain,
    checkpoints: new CheckpointCheck({ problems, chain, keys }),
    anchors: new AnchorCheck({ problems, chain, anchors: anchors?.anchors ?? [] }),
    decisions: new DecisionCheck({ problems, verify: verifyDecision ?? null }),
    lives: new LifeCheck(problems),
  };
}

function take(record: LogRecord, { chain, checkpoints, anchors, decisions, lives }: Checks): void {
  if (record.kind === 'decision') return decisions.take(record);
  if (record.kind === 'checkpoint') {
    anchors.take(record);
    return checkpoints.take(record);
  }
  const { cells } = record;
  const row = chain.take(cells);
  if (chain.count === 1) checkpoints.begin();
  anchors.row(chain.last, chain.head);
  if (row === null) return;
  if (chain.count === 1 && chain.first > 1) lives.prunedAt(row.at);
  checkpoints.row(row);
  decisions.row(row, () => Object.fromEntries(rowColumns.map((name, at) => [name, cells[at]])));
  lives.row(row);
}

function reportOf(
  { chain, checkpoints, anchors, decisions, lives }: Checks,
  options: VerifyOptions,
  problems: Problems,
): Report {
  decisions.end();
  const pruned = checkpoints.end();
  anchors.end(checkpoints.origin);
  for (const { line, says } of options.anchors?.unsigned ?? [])
    problems.add(null, 'anchor', `the anchor in line ${line} counts for nothing: ${says}`);
  const { last, head, count } = chain;
  const unanchored = last - anchors.anchored;
  const uncovered = Math.max(0, last - checkpoints.covered);
  const figures = { unanchored, uncovered, pruned, unknownRows: lives.unknown, unknownAnchors: anchors.unknown };
  const isAnchored = options.anchors !== undefined && options.anchors !== null;
  return {
    kind: problems.count > 0 ? 'tampered' : unanchored > 0 ? 'unanchored' : 'intact',
    why: null,
    problems: problems.inOrder(),
    problemCount: problems.count,
    origin: checkpoints.origin,
    rows: count,
    pruned,
    last,
    head,
    decisions: decisions.count,
    signed: decisions.signed,
    checkpoints: checkpoints.count,
    uncovered,
    anchors: anchors.count,
    unanchored,
    limits: limitsOf({ ...figures, isAnchored, unsigned: decisions.unsigned, unchecked: decisions.unchecked }),
  };
}

const strangers = {
  legacy: 'it is the log of the proof of concept, which has no hashes',
  empty: 'it is empty',
  foreign: 'it is a database of another program',
};

/** Triggers and indexes; the rows are looked at whatever became of those. */
function checkSchema(database: Database, version: number, problems: Problems): void {
  try {
    createGuard(database, schemaOf(version))();
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    problems.add(null, 'schema', error.message);
  }
}

/** The rows are read by the tables. People, and the command line, look at them through the indexes: those must say the same. */
function checkIndexes(database: Database, problems: Problems): void {
  const found = database.prepare<[], string>('PRAGMA integrity_check(1)').pluck().get();
  if (found !== 'ok')
    problems.add(null, 'schema', `the file is damaged, or was changed without SQLite: ${oneLine(String(found))}`);
}

function whyUnreadable(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}
