import type { Row } from '../records.ts';
import { said, subjectOf } from '../records.ts';

/** What the rows so far say about one request. */
export interface Life {
  readonly vault: string;
  readonly session: string;
  /** The process that holds its windows; null where the log does not say. */
  readonly process: string | null;
  /** What was asked for. */
  readonly asked: Set<string>;
  /** The end of the time in which it can be decided, milliseconds. */
  expiresAt: number;
  /** The last row of the decision; 0 before it. */
  decidedIn: number;
  decidedAt: number;
  /** The approved row of each subject. */
  readonly approved: Map<string, Row>;
  /** Whether the one name that was approved turned out to mean several: then one of those may be released. */
  narrows: boolean;
  /** Subjects that a window covers since their release; `null` stands for the whole vault. */
  readonly open: Set<string | null>;
  /** When a subject was denied after that, milliseconds. */
  readonly refused: Map<string, number>;
  /** The action that ended it without a release; null if there was none. */
  ended: string | null;
}

/** An approval waits until the request's expiry or this long after the decision, whichever is later; milliseconds. */
const pickUpMs = 120_000;

/** Between looking at the clock and noting the time; milliseconds. */
export const momentMs = 1_000;

export function lifeOf(row: Row): Life {
  const pid = row.detail['pid'];
  const host = said(row, 'host');
  return {
    vault: row.vault,
    session: row.session,
    process: typeof pid === 'number' && host !== null ? `${pid} ${host}` : null,
    asked: new Set(),
    expiresAt: Date.parse(said(row, 'expiresAt') ?? ''),
    decidedIn: 0,
    decidedAt: 0,
    approved: new Map(),
    narrows: false,
    open: new Set(),
    refused: new Map(),
    ended: null,
  };
}

/** The moment after which nothing more can be released because of it, by itself or through its windows; milliseconds. */
export function overAt(life: Life): number {
  const windows = [...life.approved.values()].map(({ ttl }) => Date.parse(ttl ?? ''));
  const ends = [life.expiresAt, life.decidedAt + pickUpMs, ...windows];
  return Math.max(0, ...ends.filter((end) => !Number.isNaN(end)));
}

/** Why a release does not follow from an approval, as it follows "it was released "; null if it does. */
export function releaseProblem(life: Life, row: Row): string | null {
  const approved = approvalOf(life, row);
  if (approved === null) return 'without an approval of this name';
  if (life.ended !== null) return `although its request had ${life.ended === 'lapsed' ? '' : 'been '}${life.ended}`;
  if (row.vault !== life.vault || row.session !== life.session)
    return 'to another session or from another vault than approved';
  if (row.approver !== approved.approver || row.factor !== approved.factor) return 'in the name of another approver';
  if (row.ttl !== null && row.ttl !== approved.ttl) return 'with another window than approved';
  const until = Math.max(Number.isNaN(life.expiresAt) ? 0 : life.expiresAt, life.decidedAt + pickUpMs);
  return row.at > until + momentMs ? 'after the approval had lapsed' : null;
}

/** Why a repeat read does not follow from an open window, as it follows "it was auto-approved "; null if it does. */
export function windowProblem(life: Life, row: Row): string | null {
  const [approved] = life.approved.values();
  if (approved === undefined) return 'through a window that nobody approved';
  if (row.vault !== life.vault || row.session !== life.session) return 'through a window of another session or vault';
  if (approved.ttl === null || row.ttl !== approved.ttl) return 'through a window that ends at another time';
  if (row.at > Date.parse(approved.ttl) + momentMs) return 'after its window had ended';
  const subject = subjectOf(row);
  if (!life.open.has(subject) && !life.open.has(null)) return 'through a window that was not open for this name';
  const refusedAt = life.refused.get(subject);
  return refusedAt !== undefined && row.at > refusedAt + commitMs ? 'although it had been denied since' : null;
}

/** A read that is under way while a denial is written down may still pass; milliseconds. */
const commitMs = 5_000;

/** Of a name that means several, what was approved is the beginning of what is released. */
function approvalOf(life: Life, row: Row): Row | null {
  const subject = subjectOf(row);
  const own = life.approved.get(subject);
  if (own !== undefined) return own;
  const [only, ...more] = life.approved;
  if (only === undefined || more.length > 0 || !life.narrows) return null;
  return subject.startsWith(only[0]) ? only[1] : null;
}
