import { beforeEach, describe, expect, test, vi } from 'vitest';
import { statementText } from '../../src/audit/checkpoint.ts';
import { createSigner } from '../../src/audit/note.ts';
import type { Report } from '../../src/audit/report.ts';
import { rowColumns } from '../../src/audit/source.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import type { Sample, StoredRow } from './sample.ts';
import { changed, rewritten, sampleLog } from './sample.ts';
import { forced, readAll, withDatabase } from './stored.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let sample: Sample;
let rows: StoredRow[] = [];
let checkpoints: StoredRow[] = [];
let decisions: StoredRow[] = [];
beforeEach(async () => {
  sample = await sampleLog();
  [rows, checkpoints, decisions] = ['audit', 'checkpoints', 'decisions'].map((table) =>
    readAll(sample.file, table),
  ) as [StoredRow[], StoredRow[], StoredRow[]];
});

function check(file: string, anchored = false): Promise<Report> {
  const { keys, anchors } = sample;
  return verifyLog(file, { keys, anchors: anchored ? anchors : null });
}

/** Those of the changes that are taken for nothing. */
async function unnoticed(changes: readonly string[], anchored = false): Promise<string[]> {
  const missed: string[] = [];
  for (const sql of changes) if ((await check(changed(sample, sql), anchored)).kind !== 'tampered') missed.push(sql);
  return missed;
}

const ids = (): number[] => rows.map(({ id }) => Number(id));

const assign = (sets: StoredRow): string =>
  Object.entries(sets)
    .map(([column, value]) => `${column} = ${literal(value)}`)
    .join();

function literal(value: StoredRow[string] | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** A value near to another. */
function flipped(value: StoredRow[string] | undefined): string | number {
  if (typeof value === 'number') return value + 1_000;
  const text = value ?? '';
  if (text === '') return 'x';
  const at = Math.floor(text.length / 2);
  return text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
}

function without(row: StoredRow, ...names: string[]): StoredRow {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

describe('a log that nobody has touched', () => {
  test('is intact as far as it is anchored, and has what the changes below are made to', async () => {
    expect(await check(sample.file, true)).toMatchObject({ kind: 'intact', problems: [], unanchored: 0, uncovered: 0 });
    expect(await check(sample.file)).toMatchObject({ kind: 'unanchored', problems: [], unanchored: rows.length });
    const actions = new Set(rows.map(({ action }) => action));
    expect([...actions].sort()).toEqual('approved auto_approved denied expired refused released requested'.split(' '));
    expect([rows.length, checkpoints.length, decisions.length]).toEqual([17, 4, 4]);
  });
});

describe('every row', () => {
  test('is missed when it is deleted, each by itself', async () => {
    expect(await unnoticed(ids().map((id) => `DELETE FROM audit WHERE id = ${id}`))).toEqual([]);
  });

  test('shows a change of any of its cells, and is named first', async () => {
    const changes = rows.flatMap((row) =>
      rowColumns.filter((name) => name !== 'id').map((name) => ({ row, name, value: flipped(row[name]) })),
    );
    expect(changes).toHaveLength(rows.length * 16);
    for (const { row, name, value } of changes) {
      const report = await check(
        changed(sample, `UPDATE audit SET ${name} = ${literal(value)} WHERE id = ${Number(row['id'])}`),
      );
      expect([name, report.kind, report.problems[0]?.row]).toEqual([name, 'tampered', row['id']]);
    }
  });

  test('shows another number, and a cell that holds bytes instead of text', async () => {
    const numbers = ids().map((id) => `UPDATE audit SET id = id + 1000 WHERE id = ${id}`);
    const lower = ids().map((id) => `UPDATE audit SET id = -id WHERE id = ${id}`);
    const bytes = ids().map((id) => `UPDATE audit SET reason = CAST(reason AS BLOB) WHERE id = ${id}`);
    expect(await unnoticed([...numbers, ...lower, ...bytes])).toEqual([]);
  });

  test('shows that another was put before, after or in the place of it', async () => {
    const names = rowColumns.filter((name) => name !== 'id').join();
    const copied = ids().flatMap((id) => [
      `INSERT INTO audit SELECT ${rows.length} + 1, ${names} FROM audit WHERE id = ${id}`,
      `INSERT INTO audit SELECT 0, ${names} FROM audit WHERE id = ${id}`,
      `INSERT OR REPLACE INTO audit SELECT ${id}, ${names} FROM audit WHERE id = ${(id % rows.length) + 1}`,
      `UPDATE audit SET id = -id - 1 WHERE id > ${id}; UPDATE audit SET id = -id WHERE id < 0;
       INSERT INTO audit SELECT ${id} + 1, ${names} FROM audit WHERE id = ${id}`,
    ]);
    expect(await unnoticed(copied)).toEqual([]);
  });

  test('shows that it has changed places with any other', async () => {
    const swaps = rows.flatMap((one, at) =>
      rows.slice(at + 1).map((two) => {
        const [a, b] = [without(one, 'id'), without(two, 'id')];
        return `UPDATE audit SET ${assign(b)} WHERE id = ${Number(one['id'])}; UPDATE audit SET ${assign(a)} WHERE id = ${Number(two['id'])}`;
      }),
    );
    expect(await unnoticed(swaps)).toEqual([]);
  });

  test('is missed when the log ends before it, as long as a checkpoint or an anchor covers it', async () => {
    expect(await unnoticed(ids().map((id) => `DELETE FROM audit WHERE id >= ${id}`))).toEqual([]);
  });

  test('shows a change of any of its cells also when all hashes after it are made anew', async () => {
    const changes = rows.flatMap((_, at) =>
      rowColumns.slice(1, -2).map((name) => ({ at, name, rows: changedAt(at, name) })),
    );
    const missed: unknown[] = [];
    for (const { at, name, rows: anew } of changes) {
      const { kind } = await check(rewritten(sample, { rows: anew }));
      if (kind !== 'tampered') missed.push([at, name]);
    }
    expect(missed).toEqual([]);
  });
});

function changedAt(index: number, name: string) {
  return (all: readonly StoredRow[]): StoredRow[] =>
    all.map((row, at) => (at === index ? { ...row, [name]: flipped(row[name]) } : row));
}

describe('every decision', () => {
  test('is missed, and shows a change of any of its cells, and that it has changed places', async () => {
    const about = (row: StoredRow): string => `WHERE request_id = ${literal(row['request_id'])}`;
    const changes = decisions.flatMap((row, at) => {
      const other = decisions[(at + 1) % decisions.length]!;
      return [
        `DELETE FROM decisions ${about(row)}`,
        ...['request_id', 'body'].map(
          (name) => `UPDATE decisions SET ${name} = ${literal(flipped(row[name]))} ${about(row)}`,
        ),
        `UPDATE decisions SET ${assign(without(other, 'request_id'))} ${about(row)}`,
        `INSERT INTO decisions SELECT request_id || 'x', body, assertion FROM decisions ${about(row)}`,
      ];
    });
    expect(await unnoticed(changes)).toEqual([]);
  });
});

describe('every checkpoint', () => {
  test('shows a change of any of its cells', async () => {
    const changes = checkpoints.flatMap((row) =>
      ['size', 'timestamp', 'head', 'note'].map(
        (name) => `UPDATE checkpoints SET ${name} = ${literal(flipped(row[name]))} WHERE size = ${Number(row['size'])}`,
      ),
    );
    expect(await unnoticed(changes)).toEqual([]);
  });

  test('is missed when it is deleted: the last one by an anchor alone', async () => {
    const deletions = checkpoints.map(({ size }) => `DELETE FROM checkpoints WHERE size = ${Number(size)}`);
    expect(await unnoticed(deletions)).toEqual(deletions.slice(-1));
    const cut = changed(sample, deletions.at(-1)!);
    expect(await check(cut)).toMatchObject({ kind: 'unanchored', uncovered: expect.any(Number) });
    expect((await check(cut)).uncovered).toBeGreaterThan(0);
    expect(await unnoticed(deletions, true)).toEqual([]);
  });

  test('shows that it has changed places with another', async () => {
    const swaps = checkpoints.slice(1).map((two, at) => {
      const one = checkpoints[at]!;
      return [one, two]
        .map(
          (row, side) =>
            `UPDATE checkpoints SET ${assign(without([two, one][side]!, 'size'))} WHERE size = ${Number(row['size'])}`,
        )
        .join(';');
    });
    expect(await unnoticed(swaps)).toEqual([]);
  });

  test('counts for nothing when another key has signed it', async () => {
    const stranger = createSigner('agent-vault/audit', new Uint8Array(32).fill(9));
    const file = rewritten(sample, { rows: (all) => all, signer: stranger });
    expect((await check(file)).problems[0]?.says).toContain('signed by a key that is not known here');
  });

  test('that names another log is noticed, although its owner has signed it', async () => {
    const [{ size, head, timestamp }] = checkpoints as [StoredRow];
    const origin = 'agent-vault/audit/0123456789abcdef';
    const said = { origin, size: Number(size), head: String(head), timestamp: String(timestamp) };
    const note = sample.signer.sign(statementText({ ...said, previous: null, pruned: false }));
    const cut = `DELETE FROM checkpoints WHERE size > ${said.size}`;
    const file = changed(sample, `UPDATE checkpoints SET note = ${literal(note)} WHERE size = ${said.size}`, cut);
    expect((await check(file)).problems).toMatchObject([
      { row: said.size, says: 'its checkpoint is that of another log' },
    ]);
  });

  test('that is put in from another log is noticed', async () => {
    const other = await sampleLog();
    const [first] = readAll(other.file, 'checkpoints') as StoredRow[];
    const file = changed(
      sample,
      `UPDATE checkpoints SET ${assign(without(first!, 'size'))} WHERE size = ${Number(checkpoints[0]!['size'])}`,
    );
    expect((await check(file)).kind).toBe('tampered');
  });
});

describe('the guards of the tables', () => {
  test('are missed, each by itself', async () => {
    const names = readAll(sample.file, 'sqlite_schema').flatMap(({ type, name }) =>
      type === 'trigger' ? [`DROP TRIGGER ${String(name)}`] : [],
    );
    expect(names).toHaveLength(9);
    for (const sql of names) {
      const file = changed(sample);
      withDatabase(file, (database) => database.exec(sql));
      expect((await check(file)).problems).toMatchObject([{ row: null, what: 'schema' }]);
    }
  });

  test('are not needed to notice what was done while they were away', async () => {
    const file = changed(sample);
    forced(
      file,
      `INSERT OR REPLACE INTO audit SELECT id, timestamp, 'OTHER', ${rowColumns.slice(3).join()} FROM audit WHERE id = 4`,
    );
    expect((await check(file)).problems[0]).toMatchObject({ row: 4, what: 'chain' });
  });
});

describe('a log that was written anew, with every hash right', () => {
  const story = (all: readonly StoredRow[]): StoredRow[] => all.map((row) => ({ ...row, agent: 'somebody else' }));

  test('is noticed by its checkpoints, if they were left', async () => {
    expect((await check(rewritten(sample, { rows: story }))).kind).toBe('tampered');
  });

  test('without its checkpoints is noticed by an anchor alone', async () => {
    const file = rewritten(sample, { rows: silent, signer: null });
    expect(await check(file)).toMatchObject({ kind: 'unanchored', unanchored: rows.length, uncovered: rows.length });
    expect((await check(file, true)).problems[0]).toMatchObject({ what: 'anchor' });
  });

  test('with the signing key is noticed by an anchor alone', async () => {
    const file = rewritten(sample, { rows: silent, signer: sample.signer });
    expect(await check(file)).toMatchObject({ kind: 'unanchored', uncovered: 0 });
    expect((await check(file, true)).problems[0]).toMatchObject({ what: 'anchor' });
  });

  test('and shorter is noticed by an anchor alone', async () => {
    for (const signer of [sample.signer, null]) {
      const file = rewritten(sample, { rows: (all) => all.slice(0, -3), signer });
      expect((await check(file)).kind).toBe('unanchored');
      const end = { row: rows.length - 2, what: 'anchor', says: expect.stringContaining('missing') };
      expect((await check(file, true)).problems).toContainEqual(end);
    }
  });

  /** A change that no other rule forbids. */
  function silent(all: readonly StoredRow[]): StoredRow[] {
    return all.map((row) => (row['action'] === 'refused' ? { ...row, reason: 'another' } : row));
  }
});
