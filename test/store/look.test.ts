import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { lookInto } from '../../src/store/look.ts';

it('a look sees one moment, also while another process makes its tables', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'look-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'agent-vault.db');
  writeFileSync(file, '');
  const other = await openDatabase(file);
  other.exec('CREATE TABLE first (a)');
  const counts = await lookInto(file, (database) => {
    const count = database.prepare('SELECT count(*) FROM sqlite_schema').pluck();
    const before = count.get();
    other.exec('CREATE TABLE second (a)');
    return [before, count.get()];
  });
  other.close();
  expect(counts).toEqual([1, 1]);
});
