import { copyFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from '../../src/store/database.ts';
import type { Anchors } from '../../src/audit/anchors.ts';
import { parseAnchors } from '../../src/audit/anchors.ts';
import { columns, genesis, rowHash } from '../../src/audit/chain.ts';
import type { Cell } from '../../src/audit/chain.ts';
import type { NoteKey, NoteSigner } from '../../src/audit/note.ts';
import { createSealer } from '../../src/audit/sealer.ts';
import { openAuditKey } from '../../src/audit/key.ts';
import { LivedWorld } from './lived.ts';
import { forced, withDatabase } from './stored.ts';

/** A log of ordinary days, cleanly closed, with what somebody else has kept of it. */
export interface Sample {
  readonly file: string;
  readonly keys: readonly NoteKey[];
  readonly signer: NoteSigner;
  /** From the file that checkpoints were appended to. */
  readonly anchors: Anchors;
}

/** With releases, windows, denials, a write, an expiry and four checkpoints. */
export async function sampleLog(): Promise<Sample> {
  const world = await LivedWorld.open({ ttlMs: 60_000 });
  const batch = world.read(['A', 'B']);
  await world.decide(true, undefined, { names: ['A'] });
  await batch;
  await world.read(['A']);
  await minute(world);
  const denied = world.read(['C']);
  await world.decide(false, undefined, { note: 'not that' });
  await denied;
  const written = world.write([{ name: 'NEW', value: 'x' }]);
  await world.decide();
  await written;
  await minute(world);
  void world.read(['B']);
  await world.asked();
  world.clock.pass(301_000);
  await world.settle();
  const last = world.read(['B'], { reason: 'the last one' });
  await world.decide(true, undefined, { windowMs: 0 });
  await last;
  await world.end();
  const keys = await world.keys();
  const anchors = parseAnchors(readFileSync(join(dirname(world.file), 'anchors.txt'), 'utf8'), keys);
  return { file: world.file, keys, signer: await openAuditKey(world.stateFolder), anchors };
}

/** The same log in another file, changed by who can write it; the triggers are as before. */
export function changed(sample: Sample, ...statements: string[]): string {
  const copy = join(dirname(sample.file), 'changed.db');
  copyFileSync(sample.file, copy);
  forced(copy, ...statements);
  return copy;
}

export interface Rewriting {
  /** What becomes of the rows, each an object of its columns. Their ids and hashes are made anew. */
  readonly rows: (rows: readonly StoredRow[]) => readonly StoredRow[];
  /** Checkpoints over the new rows: made with this key, or left out (null), or those that were there (undefined). */
  readonly signer?: NoteSigner | null;
}

export type StoredRow = Readonly<Record<string, Cell | number>>;

/** The same log written anew by somebody who knows all the rules. */
export function rewritten(sample: Sample, { rows, signer }: Rewriting): string {
  const copy = changed(sample);
  const sizes = withDatabase(copy, (database) => database.prepare('SELECT size FROM checkpoints').pluck().all());
  const all = withDatabase(copy, (database) => database.prepare('SELECT * FROM audit').all()) as StoredRow[];
  forced(copy, 'DELETE FROM audit', ...(signer === undefined ? [] : ['DELETE FROM checkpoints']));
  withDatabase(copy, (database) => database.transaction(() => insertAll(database, rows(all), signer ?? null, sizes))());
  const decided = `SELECT request_id FROM audit WHERE action IN ('approved', 'denied')`;
  forced(copy, `DELETE FROM decisions WHERE request_id NOT IN (${decided})`);
  return copy;
}

function insertAll(database: Database, rows: readonly StoredRow[], signer: NoteSigner | null, sizes: unknown[]): void {
  const insert = database.prepare(
    `INSERT INTO audit VALUES (${Array(columns.length + 3)
      .fill('?')
      .join()})`,
  );
  const sealer = createSealer(database);
  let hash = genesis;
  rows.forEach((row, at) => {
    const cells = columns.map((column) => textOf(row[column]));
    const next = rowHash(at + 1, cells, hash);
    insert.run(at + 1, ...cells, hash, next);
    hash = next;
    const isLast = at === rows.length - 1;
    if (signer !== null && (isLast || sizes.includes(at + 1)))
      sealer.seal({ id: at + 1, hash }, { signer, at: Date.parse(String(row['timestamp'])) });
  });
}

async function minute(world: LivedWorld): Promise<void> {
  world.clock.pass(60_000);
  await world.settle();
}

function textOf(cell: StoredRow[string] | undefined): Cell {
  return cell === null || cell === undefined ? null : String(cell);
}
