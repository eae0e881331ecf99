import { oneLine } from '../../core/text.ts';
import type { Statement } from '../checkpoint.ts';
import { noteHash, originOf, parseStatement } from '../checkpoint.ts';
import type { NoteKey } from '../note.ts';
import { openNote } from '../note.ts';
import { pruningIn } from '../pruned.ts';
import type { CheckpointRecord, Row } from '../records.ts';
import type { Problems } from '../report.ts';
import type { ChainCheck } from './chain.ts';
import { missing } from './chain.ts';

/** That every checkpoint is signed, says what the rows say, and names the one before it; and that what is missing at the beginning was pruned. */
export class CheckpointCheck {
  readonly #problems: Problems;
  readonly #chain: ChainCheck;
  readonly #keys: readonly NoteKey[];
  #origin: string | null = null;
  #previous: CheckpointRecord | null = null;
  /** The last one before any row. */
  #early: CheckpointRecord | null = null;
  /** Signed notes of pruning, by the number of rows that they remove. */
  readonly #prunings: Statement[] = [];
  count = 0;
  /** How many rows the last one covers. */
  covered = 0;

  constructor(options: { problems: Problems; chain: ChainCheck; keys: readonly NoteKey[] }) {
    this.#problems = options.problems;
    this.#chain = options.chain;
    this.#keys = options.keys;
  }

  /** What the log is called; null while nothing says it. */
  get origin(): string | null {
    return this.#origin;
  }

  /** When the first row is there, whatever it is like. */
  begin(): void {
    const { first, before } = this.#chain;
    if (this.#early === null) return;
    const { size, head } = this.#early;
    if (size >= first) this.#bad(size, 'checkpoint', 'its checkpoint stands at another place');
    else if (size === first - 1 && head !== before)
      this.#bad(first, 'checkpoint', 'it does not follow what was signed');
  }

  /** Of every row. */
  row(row: Row): void {
    if (row.id === 1) this.#origin ??= originOf(row.hash);
    if (row.action === 'pruned') this.#pruned(row);
  }

  take(record: CheckpointRecord): void {
    const { size, note } = record;
    this.count += 1;
    this.covered = Math.max(this.covered, size);
    const statement = this.#signed(record);
    if (statement !== null) {
      this.#compare(record, statement);
      this.#checkLink(size, statement);
      this.#checkRows(record);
    }
    this.#previous = { ...record, note };
  }

  /** At the end: how many rows were pruned. */
  end(): number {
    const { first, before, count } = this.#chain;
    if (count === 0 && this.#early !== null)
      this.#bad(1, 'checkpoint', `${missing(1, this.#early.size)}: a checkpoint covers ${this.#early.size} rows`);
    if (count === 0 || first === 1) return 0;
    const removed = first - 1;
    const known = this.#prunings.filter(({ size, head }) => size > removed || (size === removed && head === before));
    if (known.length > 0) return removed;
    this.#bad(1, 'pruning', `${missing(1, removed)}, and no signed note says that this was pruned`);
    return removed;
  }

  #signed({ size, note }: CheckpointRecord): Statement | null {
    const opened = openNote(note, this.#keys);
    const statement = opened.kind === 'bad' ? null : parseStatement(opened.text);
    if (statement === null)
      return this.#bad(
        size,
        'checkpoint',
        'the note of its checkpoint is no note of ours, or its signature does not fit',
      );
    if (opened.kind === 'unknown') {
      const by = oneLine(opened.by);
      return this.#bad(size, 'checkpoint', `its checkpoint is signed by a key that is not known here (${by})`);
    }
    return statement;
  }

  #compare(record: CheckpointRecord, statement: Statement): void {
    const { size, head, timestamp } = record;
    if (statement.pruned || statement.size !== size || statement.head !== head || statement.timestamp !== timestamp)
      this.#bad(size, 'checkpoint', 'its checkpoint does not say what was signed');
    this.#origin ??= statement.origin;
    if (statement.origin !== this.#origin) this.#bad(size, 'checkpoint', 'its checkpoint is that of another log');
  }

  #checkLink(size: number, { previous }: Statement): void {
    const before = this.#previous === null ? null : noteHash(this.#previous.note);
    if (previous !== before)
      this.#bad(size, 'checkpoint', 'the checkpoint before this row’s is missing, or another was put in');
  }

  #checkRows(record: CheckpointRecord): void {
    const { size, head } = record;
    const { last, head: now, count } = this.#chain;
    if (count === 0) this.#early = record;
    else if (size > last)
      this.#bad(last + 1, 'checkpoint', `${missing(last + 1, size)}: a checkpoint covers ${size} rows`);
    else if (size < last) this.#bad(size, 'checkpoint', 'its checkpoint stands at another place');
    else if (head !== now) this.#bad(size, 'checkpoint', 'it is not the row that was signed');
  }

  #pruned(row: Row): void {
    const statement = pruningIn(JSON.stringify(row.detail), this.#keys);
    if (statement === null) {
      this.#bad(row.id, 'pruning', 'it says that rows were pruned, which no known key has signed');
      return;
    }
    this.#origin ??= statement.origin;
    if (statement.origin !== this.#origin) this.#bad(row.id, 'pruning', 'it tells of the pruning of another log');
    this.#prunings.push(statement);
  }

  #bad(row: number, what: 'checkpoint' | 'pruning', says: string): null {
    this.#problems.add(row, what, says);
    return null;
  }
}
