import type { Anchor } from '../anchors.ts';
import type { CheckpointRecord } from '../records.ts';
import type { Problems } from '../report.ts';
import { missing } from './chain.ts';
import type { ChainCheck } from './chain.ts';

/** That the log is what others have kept of it. */
export class AnchorCheck {
  readonly #problems: Problems;
  readonly #chain: ChainCheck;
  readonly #anchors: readonly Anchor[];
  /** Checkpoints of pruned rows, by their size. */
  readonly #pruned = new Map<number, string>();
  /** Anchored checkpoints that the log has not shown yet, by their size. */
  readonly #expected: Map<number, Anchor>;
  #next = 0;
  /** How many agree. */
  count = 0;
  /** The last row that one agrees with. */
  anchored = 0;
  /** How many are about rows that were pruned, without a checkpoint that would say what they were. */
  unknown = 0;

  /** @param options.anchors by ascending row */
  constructor(options: { problems: Problems; chain: ChainCheck; anchors: readonly Anchor[] }) {
    this.#problems = options.problems;
    this.#chain = options.chain;
    this.#anchors = options.anchors;
    const checkpoints = options.anchors.filter(({ origin }) => origin !== null);
    this.#expected = new Map(checkpoints.map((anchor) => [anchor.seq, anchor]));
  }

  /** Of every row, also those that are not as they should be. */
  row(id: number, hash: string): void {
    for (
      let anchor = this.#anchors[this.#next];
      anchor !== undefined && anchor.seq <= id;
      anchor = this.#anchors[this.#next]
    ) {
      this.#next += 1;
      if (anchor.seq === id) this.#compare(anchor, hash);
      else this.#early(anchor);
    }
  }

  take({ size, head }: CheckpointRecord): void {
    this.#expected.delete(size);
    if (this.#chain.count === 0) this.#pruned.set(size, head);
  }

  /** At the end. @param origin of this log */
  end(origin: string | null): void {
    const { last } = this.#chain;
    for (const { seq, line } of this.#anchors.slice(this.#next))
      this.#bad(last + 1, `${missing(last + 1, seq)}: the anchor in line ${line} is of row ${seq}`);
    for (const { seq, line } of this.#expected.values())
      if (seq <= last) this.#bad(seq, `the checkpoint over it is missing: the anchor in line ${line} is a copy of it`);
    const other = this.#anchors.find((anchor) => anchor.origin !== null && anchor.origin !== origin);
    if (other !== undefined)
      this.#bad(
        null,
        `the anchor in line ${other.line} is of another log, ${String(other.origin)}; this one is ${origin ?? 'none'}`,
      );
  }

  #early(anchor: Anchor): void {
    const { first, before } = this.#chain;
    if (anchor.seq >= first) return this.#bad(anchor.seq, `it is missing: the anchor in line ${anchor.line} is of it`);
    const head = anchor.seq === first - 1 ? before : this.#pruned.get(anchor.seq);
    if (head === undefined) this.unknown += 1;
    else this.#compare(anchor, head);
  }

  #compare({ seq, hash, line }: Anchor, actual: string): void {
    if (hash !== actual) return this.#bad(seq, `it is not the row that is anchored in line ${line}`);
    this.count += 1;
    this.anchored = Math.max(this.anchored, seq);
  }

  #bad(row: number | null, says: string): void {
    this.#problems.add(row, 'anchor', says);
  }
}
