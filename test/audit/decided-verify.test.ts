import { expect, test, vi } from 'vitest';
import { sha256 } from '../../src/core/canonical.ts';
import type { Problem } from '../../src/audit/report.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import type { Sample, StoredRow } from './sample.ts';
import { rewritten, sampleLog } from './sample.ts';
import { forced, readAll } from './stored.ts';

vi.setConfig({ testTimeout: 60_000 });

/** In a log that was written anew without checkpoints, so that only the decision speaks against the row. */
async function problemsOf(sample: Sample, at: number, cells: StoredRow): Promise<readonly Problem[]> {
  const rows = (all: readonly StoredRow[]): StoredRow[] =>
    all.map((row, index) => (index === at ? { ...row, ...cells } : row));
  const { problems } = await verifyLog(rewritten(sample, { rows, signer: null }), sample);
  return problems.filter(({ row, what }) => row === at + 1 && what === 'decision');
}

test('what was decided is said by each of its rows, in every column, also where a part was left out', async () => {
  const sample = await sampleLog();
  const rows = readAll(sample.file);
  const decided = rows.flatMap(({ action }, at) => (action === 'approved' || action === 'denied' ? [at] : []));
  const told = ['secret_name', 'reason', 'scope', 'ttl_expires_at', 'vault', 'operation', 'session', 'agent'];
  const missed: unknown[] = [];
  for (const at of decided)
    for (const name of told) {
      const cell = name === 'ttl_expires_at' ? '2030-01-01T00:00:00.000Z' : 'other';
      if ((await problemsOf(sample, at, { [name]: cell })).length === 0) missed.push([at + 1, name]);
    }
  expect(decided).toHaveLength(5);
  expect(missed).toEqual([]);
});

test('a decision that says nothing we can read is noticed', async () => {
  const sample = await sampleLog();
  const body = '{"version":3}';
  const hashes = readAll(sample.file, 'decisions').map((decision) => sha256(String(decision['body'])));
  const rows = (all: readonly StoredRow[]): StoredRow[] =>
    all.map((row) => ({
      ...row,
      detail: hashes.reduce((text, hash) => text.replace(hash, sha256(body)), textOf(row)),
    }));
  const file = rewritten(sample, { rows, signer: null });
  forced(file, `UPDATE decisions SET body = '${body}'`);
  const { problems } = await verifyLog(file, sample);
  expect(problems.filter(({ says }) => says === 'what was decided cannot be read')).toHaveLength(5);
});

function textOf({ detail }: StoredRow): string {
  return String(detail ?? '');
}
