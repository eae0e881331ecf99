import { columns, genesis, isCell, rowHash } from '../chain.ts';
import type { Cell } from '../chain.ts';
import type { Row } from '../records.ts';
import type { Problems } from '../report.ts';

/** Milliseconds by which a row may be dated before an earlier one: several processes write, and clocks are corrected. */
export const timeTolerance = 60_000;

/** That every row has the hash of its content and of the row before it, that none is missing, and that time goes on. */
export class ChainCheck {
  readonly #problems: Problems;
  /** The id of the first row; 0 before there is one. */
  first = 0;
  /** What the first row says about the one before it. */
  before = genesis;
  /** The id of the last row so far, and its hash. */
  last = 0;
  head = genesis;
  count = 0;
  /** Of the first row, milliseconds. */
  firstAt = 0;
  #newest = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Null for a row that cannot be read, or is not at its place. */
  take(cells: readonly unknown[]): Row | null {
    const [id, ...rest] = cells;
    const hash = rest.pop();
    const previous = rest.pop();
    if (!isId(id) || typeof hash !== 'string' || typeof previous !== 'string' || !areCells(rest)) {
      const row = isId(id) ? id : this.last + 1;
      const says = isId(id)
        ? 'it holds something else than text where text belongs'
        : 'a row without a number is before it';
      this.#problems.add(row, 'chain', says);
      this.#advance(row, typeof hash === 'string' ? hash : this.head);
      return null;
    }
    const isNext = this.#isNext(id, previous);
    if (rowHash(id, rest, previous) !== hash)
      this.#problems.add(id, 'chain', 'it does not have the hash of its content: a cell was changed');
    this.#advance(id, hash);
    const row = rowOf(id, rest, hash);
    return isNext && this.#isInTime(row) ? row : null;
  }

  #isNext(id: number, previous: string): boolean {
    if (this.count === 0) {
      this.first = id;
      this.before = previous;
      this.last = id - 1;
      if (id !== 1 || previous === genesis) return true;
      this.#problems.add(id, 'chain', 'it follows a row that is not there');
      return false;
    }
    if (id <= this.last) this.#problems.add(id, 'chain', `it stands after row ${this.last}`);
    else if (id > this.last + 1) this.#problems.add(this.last + 1, 'chain', missing(this.last + 1, id - 1));
    else if (previous !== this.head) this.#problems.add(id, 'chain', 'it does not follow the row before it');
    else return true;
    return id > this.last;
  }

  #advance(id: number, hash: string): void {
    if (this.count === 0 && this.first === 0) this.first = id;
    this.last = id;
    this.head = hash;
    this.count += 1;
  }

  #isInTime(row: Row): boolean {
    if (Number.isNaN(row.at)) {
      this.#problems.add(row.id, 'time', 'its timestamp is none');
      return false;
    }
    if (this.count === 1) this.firstAt = row.at;
    const back = this.#newest - row.at;
    this.#newest = back > timeTolerance ? row.at : Math.max(this.#newest, row.at);
    if (back <= timeTolerance) return true;
    const seconds = Math.round(back / 1_000);
    this.#problems.add(
      row.id,
      'time',
      `it is dated ${seconds} s before an earlier row: it was put in later, or the clock was set back`,
    );
    return true;
  }
}

function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0;
}

function areCells(cells: readonly unknown[]): cells is readonly Cell[] {
  return cells.length === columns.length && cells.every(isCell);
}

/** Of the rows from one to another, as it follows the first one's number. */
export function missing(from: number, to: number): string {
  return from === to ? 'it is missing' : `it and the rows up to ${to} are missing`;
}

const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u;

function rowOf(id: number, cells: readonly Cell[], hash: string): Row {
  const [timestamp, name, reason, action, scope, ttl, vault, operation, request, session, agent, ...more] = cells;
  const [approver, factor, detail] = more;
  return {
    id,
    at: timeShape.test(timestamp ?? '') ? Date.parse(timestamp ?? '') : Number.NaN,
    timestamp: timestamp ?? '',
    name: name ?? '',
    reason: reason ?? '',
    action: action ?? '',
    scope: scope ?? null,
    ttl: ttl ?? null,
    vault: vault ?? '',
    operation: operation ?? '',
    request: request ?? null,
    session: session ?? '',
    agent: agent ?? '',
    approver: approver ?? null,
    factor: factor ?? null,
    detail: detail === null || detail === undefined ? {} : detailOf(detail),
    hash,
  };
}

function detailOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
