import { genesis } from './chain.ts';

/** Something that an honest log does not have. */
export interface Problem {
  /** The row it is about, by its id; null where it is about none. */
  readonly row: number | null;
  readonly what: 'schema' | 'chain' | 'time' | 'pruning' | 'checkpoint' | 'anchor' | 'decision' | 'life';
  /** In words, after "row 12: ". What it quotes of the log is visible, on one line. */
  readonly says: string;
}

/**
 * `intact`: all of it. `unanchored`: so is this, but only the log itself shows that nothing is missing after the last anchor.
 * `tampered`: it is not what an honest log is. `unreadable`: it could not be looked at; `why` says so.
 */
export type ReportKind = 'intact' | 'tampered' | 'unreadable' | 'unanchored';

/** The exit code that each kind ends the command line with. */
export const verifyExitCodes: Readonly<Record<ReportKind, number>> = {
  intact: 0,
  tampered: 1,
  unreadable: 2,
  unanchored: 3,
};

export interface Report {
  readonly kind: ReportKind;
  /** Why it is unreadable; null if it is not. */
  readonly why: string | null;
  /** The first ones, in the order of the rows. */
  readonly problems: readonly Problem[];
  /** All of them. */
  readonly problemCount: number;
  /** Names the log; null if it has no rows and no checkpoints. */
  readonly origin: string | null;
  readonly rows: number;
  /** How many rows were removed from its beginning, as a signed note says. */
  readonly pruned: number;
  /** The id and the hash of the last row. */
  readonly last: number;
  readonly head: string;
  readonly decisions: number;
  /** Decision rows whose passkey signature was checked, and was good. */
  readonly signed: number;
  readonly checkpoints: number;
  /** Rows after the last checkpoint. */
  readonly uncovered: number;
  /** Anchors that agree with it. */
  readonly anchors: number;
  /** Rows after the last anchor. */
  readonly unanchored: number;
  /** What this check cannot know, in sentences. */
  readonly limits: readonly string[];
}

/** Of what could not be looked at. @param why in words, after "it is unreadable: " */
export function unreadable(why: string): Report {
  const nothing = { rows: 0, pruned: 0, last: 0, head: genesis, decisions: 0, signed: 0, checkpoints: 0 };
  const open = { uncovered: 0, anchors: 0, unanchored: 0, limits: [], problems: [], problemCount: 0, origin: null };
  return { kind: 'unreadable', why, ...nothing, ...open };
}

/** So many problems are kept: the first say what happened. */
const most = 100;

/** Collects problems. */
export class Problems {
  readonly #list: Problem[] = [];
  count = 0;

  add(row: number | null, what: Problem['what'], says: string): void {
    this.count += 1;
    if (this.#list.length < most) this.#list.push({ row, what, says });
  }
  /** In the order of the rows; last what is about none. */
  inOrder(): readonly Problem[] {
    return this.#list.toSorted((a, b) => (a.row ?? Infinity) - (b.row ?? Infinity));
  }
}
