import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { admit } from '../../src/store/admission.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations.ts';

const refused = { failure: 'audit_unavailable', hint: expect.stringContaining('set audit.file') };
const script = '#!/bin/sh\necho hi\n';

/** The working directory of a repository, and the user's own things outside of it. */
let home = '';
let file = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'agent-vault-admission-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'repository'));
  file = join(home, 'repository', 'agent-vault.db');
});

/** All there is: names, kinds, modes, targets, bytes. */
function everything(folder = home): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = lstatSync(path);
    const line = `${path} ${found.mode.toString(8)} ${found.mtimeMs}`;
    if (found.isDirectory()) return [`${path} ${found.mode.toString(8)}`, ...everything(path)];
    if (found.isSymbolicLink()) return [`${line} -> ${readlinkSync(path)}`];
    return [`${line} ${found.isFile() ? readFileSync(path).toString('hex') : ''}`];
  });
}

async function expectUntouched(saying: string, followLinks = false): Promise<void> {
  const before = everything();
  const refusal = { ...refused, message: expect.stringContaining(saying) };
  await expect(admit({ path: file, followLinks })).rejects.toMatchObject(refusal);
  expect(everything()).toEqual(before);
}

async function expectAdmitted(followLinks = false): Promise<void> {
  await admit({ path: file, followLinks });
  const database = await openDatabase(file);
  migrate(database);
  database.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
}

function write(path: string, text: string, mode: number): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function sqlite(path: string, ...statements: string[]): string {
  const database = new Sqlite(path);
  for (const statement of statements) database.exec(statement);
  database.close();
  chmodSync(path, 0o664);
  return path;
}

async function ownLog(path: string): Promise<string> {
  const database = await openDatabase(path);
  migrate(database);
  database.close();
  chmodSync(path, 0o644);
  return path;
}

const legacy = 'id INTEGER PRIMARY KEY, secret_name, reason, action, scope, ttl_expires_at, timestamp, vault';

describe('a symbolic link in the working directory', () => {
  const isLink = 'it is a symbolic link';

  test('is refused, wherever it leads, and what it leads to stays as it is', async () => {
    const targets = [
      write(join(home, 'script.sh'), script, 0o755),
      write(join(home, 'empty'), '', 0o644),
      sqlite(join(home, 'crm.db'), `CREATE TABLE audit (${legacy})`),
      await ownLog(join(home, 'own.db')),
      join(home, 'nothing'),
      home,
    ];
    for (const target of targets) {
      symlinkSync(target, file);
      await expectUntouched(isLink);
      rmSync(file);
    }
  });

  test.each(['-wal', '-shm', '-journal'])('is refused under the name of the database with %s, too', async (side) => {
    const target = write(join(home, 'script.sh'), script, 0o755);
    symlinkSync(target, file + side);
    const refusal = { ...refused, message: expect.stringContaining(`agent-vault.db${side} beside it is a link`) };
    await expect(admit({ path: file, followLinks: false })).rejects.toMatchObject(refusal);
    await ownLog(join(home, 'own.db'));
    rmSync(file);
    linkSync(join(home, 'own.db'), file);
    await expectUntouched(`agent-vault.db${side} beside it is a link`);
    expect([readFileSync(target, 'utf8'), statSync(target).mode & 0o777]).toEqual([script, 0o755]);
  });
});

describe('a symbolic link in a place that was chosen on purpose', () => {
  test('is followed to a log of ours, to an empty file, and to nothing yet', async () => {
    const targets = [await ownLog(join(home, 'own.db')), write(join(home, 'empty'), '', 0o644), join(home, 'new.db')];
    for (const target of targets) {
      symlinkSync(target, file);
      await expectAdmitted(true);
      expect([readlinkSync(file), statSync(target).mode & 0o777]).toEqual([target, 0o600]);
      rmSync(file);
    }
  });

  test('is not followed to anything else', async () => {
    symlinkSync(sqlite(join(home, 'crm.db'), 'CREATE TABLE customers (x)'), file);
    await expectUntouched('it is a database of another program', true);
    rmSync(file);
    symlinkSync(write(join(home, 'script.sh'), script, 0o755), file);
    const before = everything();
    await expect(admit({ path: file, followLinks: true })).rejects.toMatchObject({ code: 'SQLITE_NOTADB' });
    expect(everything()).toEqual(before);
  });
});

describe('a hard link', () => {
  const isLink = 'it is a hard link';

  test('to an empty file, or to a database of the proof of concept, is refused', async () => {
    linkSync(write(join(home, 'empty'), '', 0o644), file);
    await expectUntouched(isLink);
    rmSync(file);
    linkSync(sqlite(join(home, 'old.db'), `CREATE TABLE audit (${legacy})`), file);
    await expectUntouched(isLink);
  });

  test('to a file of another program is refused', async () => {
    linkSync(sqlite(join(home, 'crm.db'), 'CREATE TABLE customers (x)'), file);
    await expectUntouched('another program');
    rmSync(file);
    linkSync(write(join(home, 'script.sh'), script, 0o755), file);
    const before = everything();
    await expect(admit({ path: file, followLinks: false })).rejects.toMatchObject({ code: 'SQLITE_NOTADB' });
    expect(everything()).toEqual(before);
  });

  test.each(['-wal', '-shm', '-journal'])('under the name of the database with %s is refused', async (side) => {
    await ownLog(file);
    linkSync(write(join(home, 'script.sh'), script, 0o755), file + side);
    await expectUntouched(`agent-vault.db${side} beside it is a link`);
  });

  test('to a log of ours is used', async () => {
    linkSync(await ownLog(join(home, 'own.db')), file);
    await expectAdmitted();
  });
});

describe('a file that is not a database', () => {
  test('because it is a single byte stays as it is', async () => {
    write(file, '\n', 0o755);
    await expectUntouched('it is not a database');
  });

  test.each(['xy', script, 'a text that is longer than a page of SQLite\n'.repeat(200), '\0'.repeat(8192)])(
    'stays as it is',
    async (text) => {
      write(file, text, 0o755);
      const before = everything();
      await expect(admit({ path: file, followLinks: false })).rejects.toMatchObject({ code: 'SQLITE_NOTADB' });
      expect(everything()).toEqual(before);
    },
  );

  test('because it is a folder or a pipe stays as it is', async () => {
    mkdirSync(file);
    await expectUntouched('it is not a regular file');
    rmSync(file, { recursive: true });
    execFileSync('mkfifo', [file]);
    await expectUntouched('it is not a regular file');
  });
});

describe('a database of another program', () => {
  const another = 'it is a database of another program';

  test.each([
    ['some table', ['CREATE TABLE customers (x)']],
    ['a table "audit" of its own', ['CREATE TABLE audit (a, b)', "INSERT INTO audit VALUES (1, 'theirs')"]],
    ['a table "audit" that knows hashes', ['CREATE TABLE audit (id, timestamp, action, prev_hash, hash)']],
    ['a table "audit" much like the old one', [`CREATE TABLE audit (${legacy}, tenant)`]],
    ['a table "audit" with less than the old one', ['CREATE TABLE audit (id, action, timestamp)']],
    ['a view "audit" like the old table', [`CREATE TABLE t (${legacy})`, 'CREATE VIEW audit AS SELECT * FROM t']],
    ['no table yet, but its mark', ['PRAGMA user_version = 7']],
    ['no table yet, but its name', ['PRAGMA application_id = 7']],
    ['a write-ahead log', ['PRAGMA journal_mode = WAL', 'CREATE TABLE customers (x)']],
  ])('with %s stays as it is, also its journal mode', async (_, statements) => {
    sqlite(file, ...statements);
    await expectUntouched(another);
  });

  test('that takes the place of an admitted file at the last moment gets no tables', async () => {
    const database = await openDatabase(file);
    onTestFinished(() => void database.close());
    database.exec('CREATE TABLE customers (x)');
    expect(() => migrate(database)).toThrow(another);
    expect(database.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['customers']);
  });

  test('that is in use stays as it is', async () => {
    sqlite(file, 'PRAGMA journal_mode = WAL', 'CREATE TABLE customers (x)');
    const other = new Sqlite(file);
    onTestFinished(() => void other.close());
    other.exec('INSERT INTO customers VALUES (1)');
    const before = readFileSync(file);
    const refusal = admit({ path: file, followLinks: false });
    await expect(refusal).rejects.toMatchObject({ message: expect.stringContaining(another) });
    expect([readFileSync(file).equals(before), statSync(file).mode & 0o777]).toEqual([true, 0o664]);
    expect(other.prepare('SELECT count(*) FROM customers').pluck().get()).toBe(1);
  });

  test.each(['WAL', 'DELETE'])('that was killed at its work stays as it is (%s)', async (mode) => {
    killedWriter(file, mode);
    const before = readFileSync(file);
    const [saying, side] = mode === 'WAL' ? [another, '-wal'] : ['another program was stopped', '-journal'];
    const unfinished = readFileSync(file + side);
    expect(unfinished.length).toBeGreaterThan(0);
    const refusal = { ...refused, message: expect.stringContaining(saying) };
    await expect(admit({ path: file, followLinks: false })).rejects.toMatchObject(refusal);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readFileSync(file + side).equals(unfinished)).toBe(true);
  });
});

describe('a file that is ours to use', () => {
  test('is a new one, made for its owner alone', async () => {
    await expectAdmitted();
    await expectAdmitted();
  });

  test('is an empty one, also with the remains of a start that was killed', async () => {
    write(file, '', 0o644);
    write(`${file}-journal`, 'remains', 0o644);
    await expectAdmitted();
    expect(existsSync(`${file}-journal`)).toBe(false);
    rmSync(file);
    sqlite(file, 'PRAGMA journal_mode = WAL');
    expect(statSync(file).size).toBeGreaterThan(0);
    await expectAdmitted();
  });

  test.each([
    ['', legacy],
    [' in another order', 'vault, timestamp, scope, id, ttl_expires_at, action, reason, secret_name'],
    [' in other letters', legacy.toUpperCase()],
    [' of its first days, without vaults', legacy.replace(', vault', '')],
  ])('is one of the proof of concept%s', async (_, columns) => {
    sqlite(file, `CREATE TABLE audit (${columns})`, `INSERT INTO audit (secret_name) VALUES ('A')`);
    await expectAdmitted();
    const database = new Sqlite(file);
    onTestFinished(() => void database.close());
    expect(database.prepare('SELECT count(*) FROM audit_legacy').pluck().get()).toBe(1);
  });

  test('is a log of ours that was killed before it wrote its tables into the file itself', async () => {
    const child = `
      const { openDatabase } = await import(${JSON.stringify(new URL('../../src/store/database.ts', import.meta.url))});
      const { migrate } = await import(${JSON.stringify(new URL('../../src/store/migrations.ts', import.meta.url))});
      migrate(await openDatabase(process.argv[1]));
      process.kill(process.pid, 'SIGKILL');`;
    spawnSync(process.execPath, ['--input-type=module', '--eval', child, file]);
    expect(statSync(file).size).toBe(4096);
    await expectAdmitted();
  });
});

/** Leaves a transaction that was begun and has reached the disk in part. */
function killedWriter(path: string, mode: string): void {
  const child = `
    const { default: Sqlite } = await import('better-sqlite3');
    const database = new Sqlite(process.argv[1]);
    database.exec('PRAGMA journal_mode = ${mode}; PRAGMA cache_size = 1; CREATE TABLE customers (x)');
    const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)';
    database.exec(numbers + ' INSERT INTO customers SELECT hex(randomblob(2000)) FROM n');
    database.exec('BEGIN; UPDATE customers SET x = hex(randomblob(2000))');
    process.kill(process.pid, 'SIGKILL');`;
  spawnSync(process.execPath, ['--input-type=module', '--eval', child, path], { cwd: import.meta.dirname });
}
