import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { makePrivate } from '../../src/store/private-file.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-vault-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(file: string): Promise<Database> {
  const database = await openDatabase(file);
  onTestFinished(() => void database.close());
  return database;
}

function modes(file: string): number[] {
  return [file, `${file}-wal`, `${file}-shm`].map((each) => statSync(each).mode & 0o777);
}

const hasSqlite3 = spawnSync('sqlite3', ['-version']).status === 0;

describe('a database', () => {
  test('is set so that a commit is on disk, at the first opening and at the next', async () => {
    const file = join(temporaryFolder(), 'some.db');
    for (let time = 0; time < 2; time += 1) {
      const database = await open(file);
      const settings = [
        'journal_mode',
        'synchronous',
        'recursive_triggers',
        'trusted_schema',
        'fullfsync',
        'checkpoint_fullfsync',
      ];
      expect(settings.map((name) => database.pragma(name, { simple: true }))).toEqual(['wal', 2, 1, 0, 1, 1]);
      expect(database.pragma('busy_timeout', { simple: true })).toBeLessThanOrEqual(50);
      database.close();
    }
  });

  // A folder in its place: SQLite cannot open it as a journal.
  test('is made without a journal, which a crash would leave behind', async () => {
    const file = join(temporaryFolder(), 'some.db');
    mkdirSync(`${file}-journal`);
    const database = await open(file);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  });

  test('belongs to its owner alone, with what SQLite puts beside it', async () => {
    const file = join(temporaryFolder(), 'some.db');
    const database = await open(file);
    database.exec('CREATE TABLE t (x)');
    expect(modes(file)).toEqual([0o600, 0o600, 0o600]);
  });

  test('is closed to others when it is opened, also through a link', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'some.db');
    (await open(file)).exec('CREATE TABLE t (x)');
    for (const each of [file, `${file}-wal`, `${file}-shm`]) chmodSync(each, 0o666);
    symlinkSync(file, join(folder, 'link.db'));
    await open(join(folder, 'link.db'));
    expect(modes(file)).toEqual([0o600, 0o600, 0o600]);
  });

  // Closing any descriptor of the file drops this process's locks on it (POSIX). An sqlite3 of version 3.40 then takes
  // itself for the only user and deletes the write-ahead log.
  test.runIf(hasSqlite3)('keeps its locks when this process looks after its mode again', async () => {
    const file = join(temporaryFolder(), 'some.db');
    (await open(file)).exec('CREATE TABLE t (x)');
    makePrivate(file);
    expect(spawnSync('sqlite3', [file, 'INSERT INTO t VALUES (1)']).status).toBe(0);
    expect(existsSync(`${file}-wal`)).toBe(true);
  });
});
