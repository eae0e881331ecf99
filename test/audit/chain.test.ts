import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columns, genesis, rowHash } from '../../src/audit/chain.ts';
import type { Cell } from '../../src/audit/chain.ts';
import { verifyChain } from './verify-chain.ts';

type StoredRow = Record<string, unknown>;

function chainOf(lists: readonly (readonly Cell[])[]): StoredRow[] {
  let previous = genesis;
  return lists.map((cells, at) => {
    const hash = rowHash(at + 1, cells, previous);
    const row = {
      id: at + 1,
      ...Object.fromEntries(columns.map((name, cell) => [name, cells[cell]])),
      prev_hash: previous,
      hash,
    };
    previous = hash;
    return row;
  });
}

const text = fc.string({ unit: 'binary', maxLength: 8 });
const cells = fc.array(fc.option(text), { minLength: columns.length, maxLength: columns.length });
const chain = fc.array(cells, { minLength: 1, maxLength: 5 }).map(chainOf);
const fields = ['id', ...columns, 'prev_hash', 'hash'];

describe('a chain of rows', () => {
  test('is good from its first row to its head', () => {
    fc.assert(
      fc.property(chain, (rows) => {
        expect(verifyChain(rows)).toEqual({ ok: true, count: rows.length, head: rows.at(-1)!['hash'] });
      }),
    );
  });

  test('is good without rows', () => {
    expect(verifyChain([])).toEqual({ ok: true, count: 0, head: genesis });
  });

  test('shows the first row of which any cell was changed', () => {
    fc.assert(
      fc.property(
        chain,
        fc.nat(),
        fc.constantFrom(...fields),
        fc.oneof(text, fc.constant(null), fc.integer()),
        (rows, pick, field, value) => {
          const at = pick % rows.length;
          fc.pre(rows[at]![field] !== value);
          rows[at] = { ...rows[at], [field]: value };
          expect(verifyChain(rows)).toMatchObject({ ok: false, row: at + 1 });
        },
      ),
    );
  });

  test('shows a row that was taken out, moved or doubled, unless it was the last', () => {
    const rows = chainOf([row('a'), row('b'), row('c')]);
    const [a, b, c] = rows;
    expect(verifyChain([b!, c!])).toMatchObject({ ok: false, row: 1, problem: 'id' });
    expect(verifyChain([a!, c!])).toMatchObject({ ok: false, row: 2, problem: 'id' });
    expect(verifyChain([a!, c!, b!])).toMatchObject({ ok: false, row: 2, problem: 'id' });
    expect(verifyChain([a!, a!, b!])).toMatchObject({ ok: false, row: 2, problem: 'id' });
    expect(verifyChain([a!, b!])).toMatchObject({ ok: true, count: 2 });
  });

  test('says what is wrong with a row', () => {
    const [first] = chainOf([row('a')]);
    const problem = (changes: StoredRow) => verifyChain([{ ...first, ...changes }]);
    expect(problem({ id: 2 })).toEqual({ ok: false, row: 1, problem: 'id' });
    expect(problem({ prev_hash: 'f'.repeat(64) })).toEqual({ ok: false, row: 1, problem: 'link' });
    expect(problem({ reason: 'other' })).toEqual({ ok: false, row: 1, problem: 'hash' });
    expect(problem({ hash: null })).toEqual({ ok: false, row: 1, problem: 'hash' });
    expect(problem({ reason: Buffer.from('a') })).toEqual({ ok: false, row: 1, problem: 'cell' });
    expect(problem({ reason: 5 })).toEqual({ ok: false, row: 1, problem: 'cell' });
  });

  test('is not moved between cells', () => {
    const shifted = [...row('a')];
    [shifted[0], shifted[1]] = ['ab', ''];
    const plain = [...row('a')];
    [plain[0], plain[1]] = ['a', 'b'];
    expect(rowHash(1, shifted, genesis)).not.toBe(rowHash(1, plain, genesis));
  });
});

function row(value: string): Cell[] {
  return columns.map(() => value);
}
