import type { Row } from '../records.ts';
import { said, subjectOf } from '../records.ts';
import type { Problems } from '../report.ts';
import { timeTolerance } from './chain.ts';
import type { Life } from './life.ts';
import { lifeOf, momentMs, overAt, releaseProblem, windowProblem } from './life.ts';

/** The longest window, and what a request takes before it opens; milliseconds. */
const longestMs = 25 * 3_600_000;
/** Rows between two looks at what is over. */
const sweepRows = 4_096;

/**
 * That what was released was approved before, in time, by one decision; and that what passed without asking had a window that was open.
 * Keeps what can still lead to a release, and forgets what is over, so that memory does not grow with the log.
 */
export class LifeCheck {
  readonly #problems: Problems;
  readonly #lives = new Map<string, Life>();
  #rows = 0;
  /** Before this moment, what a row follows from may have been pruned; milliseconds. */
  #knowsFrom = 0;
  /** Rows of which that is so. */
  unknown = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Says that rows before this moment are not there. */
  prunedAt(at: number): void {
    this.#knowsFrom = at + longestMs;
  }

  row(row: Row): void {
    this.#rows += 1;
    if (this.#rows % sweepRows === 0) this.#forget(row.at);
    this.#steps.get(row.action)?.(row);
  }

  readonly #steps = new Map<string, (row: Row) => void>([
    ['requested', (row) => this.#requested(row)],
    ['approved', (row) => this.#decided(row)],
    ['denied', (row) => this.#decided(row)],
    ['released', (row) => this.#released(row)],
    ['auto_approved', (row) => this.#autoApproved(row)],
    ['failed', (row) => this.#failed(row)],
    ['window_closed', (row) => this.#closed(row)],
    ['expired', (row) => this.#ended(row)],
    ['withdrawn', (row) => this.#ended(row)],
    ['lapsed', (row) => this.#ended(row)],
  ]);

  #requested(row: Row): void {
    if (row.request === null) return this.#bad(row, 'it was asked for in no request');
    const known = this.#lives.get(row.request);
    if (known !== undefined && (known.decidedIn > 0 || known.ended !== null))
      return this.#bad(row, 'it was asked for in a request that was over');
    const life = known ?? lifeOf(row);
    life.asked.add(subjectOf(row));
    this.#lives.set(row.request, life);
  }

  #decided(row: Row): void {
    const life = this.#lifeOf(row, row.request, 'it was decided, but never asked for');
    if (life === null) return;
    if (life.ended !== null) this.#bad(row, `it was ${row.action} although its request had been ${life.ended}`);
    if (life.decidedIn > 0 && life.decidedIn !== row.id - 1) this.#bad(row, 'its request was decided a second time');
    if (!life.asked.has(subjectOf(row))) this.#bad(row, `it was ${row.action}, but never asked for`);
    if (row.at > life.expiresAt + momentMs) this.#bad(row, `it was ${row.action} after its request had expired`);
    life.decidedIn = row.id;
    life.decidedAt = row.at;
    if (row.action === 'approved') life.approved.set(subjectOf(row), row);
    else this.#refuse(row, life);
  }

  /** A denial closes the windows on that name in the whole process. */
  #refuse(row: Row, by: Life): void {
    for (const life of this.#lives.values()) {
      const isNear = life.session === row.session || (life.process !== null && life.process === by.process);
      if (isNear && life.vault === row.vault && by.process !== null) life.refused.set(subjectOf(row), row.at);
    }
  }

  #released(row: Row): void {
    const life = this.#lifeOf(row, row.request, 'it was released without an approval that still held');
    if (life === null) return;
    const problem = releaseProblem(life, row);
    if (problem !== null) return this.#bad(row, `it was released ${problem}`);
    if (row.ttl !== null) this.#open(row, life);
  }

  /** A window on the whole vault forgives what was denied in others of its kind. */
  #open(row: Row, life: Life): void {
    if (row.scope !== 'vault') {
      life.open.add(subjectOf(row));
      life.refused.delete(subjectOf(row));
      return;
    }
    life.open.add(null);
    for (const other of this.#lives.values()) {
      const isSame = other.session === life.session && other.vault === life.vault;
      if (isSame && other.open.has(null)) other.refused.clear();
    }
  }

  #autoApproved(row: Row): void {
    const life = this.#lifeOf(row, said(row, 'window'), 'it was auto-approved through a window that is not known');
    const problem = life === null ? null : windowProblem(life, row);
    if (problem !== null) this.#bad(row, `it was auto-approved ${problem}`);
  }

  #failed(row: Row): void {
    const life = row.request === null ? undefined : this.#lives.get(row.request);
    if (life !== undefined && life.asked.size === 1 && said(row, 'cause') === 'secret_ambiguous') life.narrows = true;
  }

  #closed(row: Row): void {
    const life = row.request === null ? undefined : this.#lives.get(row.request);
    life?.open.delete(row.scope === 'vault' ? null : subjectOf(row));
  }

  #ended(row: Row): void {
    const life = row.request === null ? undefined : this.#lives.get(row.request);
    if (life !== undefined) life.ended = row.action;
  }

  #lifeOf(row: Row, request: string | null, missing: string): Life | null {
    const life = request === null ? undefined : this.#lives.get(request);
    if (life !== undefined) return life;
    if (row.at <= this.#knowsFrom) this.unknown += 1;
    else this.#bad(row, missing);
    return null;
  }

  #forget(now: number): void {
    for (const [request, life] of this.#lives) if (overAt(life) + 2 * timeTolerance < now) this.#lives.delete(request);
  }

  #bad({ id }: Row, says: string): void {
    this.#problems.add(id, 'life', says);
  }
}
