export interface Figures {
  readonly isAnchored: boolean;
  readonly unanchored: number;
  readonly uncovered: number;
  readonly pruned: number;
  /** Rows that follow from something that was pruned. */
  readonly unknownRows: number;
  readonly unknownAnchors: number;
  /** Decision rows without a signature, by factor. */
  readonly unsigned: ReadonlyMap<string, number>;
  /** Decision rows whose signature was not checked. */
  readonly unchecked: number;
}

/** What a check of the log cannot know, in plain sentences. */
export function limitsOf(figures: Figures): readonly string[] {
  const { isAnchored, unanchored, uncovered, pruned, unknownRows, unknownAnchors, unsigned, unchecked } = figures;
  return [
    ...(isAnchored
      ? said(
          unanchored,
          (rows) => `Nothing outside the log shows that ${rows} after the last anchor, or none, are all there were.`,
        )
      : [
          'Without an anchor from outside, this does not show rows that were cut off at the end, nor a log that was written anew by who has the key.',
        ]),
    ...said(
      uncovered,
      (rows) => `No checkpoint covers ${rows} at the end: whoever can write the file could have written that.`,
    ),
    ...said(pruned, (rows) => `${rows} were pruned, and signed for: what was in them is not known.`),
    ...said(unknownRows, (rows) => `${rows} after that may follow from what was pruned: this was not checked.`),
    ...said(unknownAnchors, (_, count) => `${count} anchors are about rows that were pruned.`),
    ...[...unsigned].flatMap(([factor, count]) =>
      said(
        count,
        (rows) =>
          `There is no signature on ${rows} of decisions made by ${factor || 'nobody named'}: only the log says who decided.`,
      ),
    ),
    ...said(unchecked, (rows) => `The signatures of ${rows} were not checked.`),
  ];
}

function said(count: number, sentence: (rows: string, count: number) => string): readonly string[] {
  return count === 0 ? [] : [sentence(count === 1 ? '1 row' : `${count} rows`, count)];
}
