import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { createGuard } from '../../src/store/guard.ts';
import { migrate } from '../../src/store/migrations.ts';
import { schema } from '../../src/store/schema.ts';

/** As the first release made it, letter by letter; its `user_version` is 0. */
const first = [
  `CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  timestamp TEXT NOT NULL,
  secret_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  action TEXT NOT NULL,
  scope TEXT,
  ttl_expires_at TEXT,
  vault TEXT NOT NULL,
  operation TEXT NOT NULL,
  request_id TEXT,
  session TEXT NOT NULL,
  agent TEXT NOT NULL,
  approver TEXT,
  factor TEXT,
  detail TEXT,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
)`,
  'CREATE INDEX audit_by_time ON audit (timestamp)',
  `CREATE TABLE decisions (
  request_id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  assertion TEXT
)`,
  ...['audit id', 'decisions request_id'].flatMap((pair) => {
    const [table = '', key = ''] = pair.split(' ');
    const refuse = `BEGIN SELECT RAISE(ABORT, 'table ${table} is append-only'); END`;
    return [
      `CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table} ${refuse}`,
      `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} ${refuse}`,
      `CREATE TRIGGER ${table}_no_replace BEFORE INSERT ON ${table} WHEN EXISTS (SELECT 1 FROM ${table} WHERE ${key} = NEW.${key}) ${refuse}`,
    ];
  }),
];

function open(...statements: string[]): Database {
  const folder = mkdtempSync(join(tmpdir(), 'agent-vault-migrations-'));
  const database = new Sqlite(join(folder, 'agent-vault.db'));
  onTestFinished(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  for (const statement of statements) database.exec(statement);
  return database;
}

const row = `INSERT INTO audit VALUES (1, 'then', 'NAME', 'why', 'released', NULL, NULL, 'v', 'read', NULL, 's', 'a', NULL, NULL, NULL, 'p', 'h')`;
const decision = `INSERT INTO decisions VALUES ('request', '{}', NULL)`;

function version(database: Database): unknown {
  return database.pragma('user_version', { simple: true });
}

function objects(database: Database): Map<string, string> {
  const all = database.prepare<[], { name: string; sql: string }>('SELECT name, sql FROM sqlite_schema').all();
  return new Map(all.filter(({ name }) => !name.startsWith('sqlite_')).map(({ name, sql }) => [name, sql]));
}

describe('a log of the first release', () => {
  test('gets what it lacks, with every row and decision as it was', () => {
    const database = open(...first, row, decision);
    const before = ['audit', 'decisions'].map((table) => database.prepare(`SELECT * FROM ${table}`).all());
    migrate(database);
    expect(['audit', 'decisions'].map((table) => database.prepare(`SELECT * FROM ${table}`).all())).toEqual(before);
    expect([version(database), objects(database)]).toEqual([2, new Map(schema)]);
    expect(() => createGuard(database)()).not.toThrow();
  });

  test('stays as it is if it cannot get all of it', () => {
    const database = open(...first, row, 'CREATE TABLE endpoints (mine)');
    const before = objects(database);
    expect(() => migrate(database)).toThrow('table endpoints already exists');
    expect([version(database), objects(database)]).toEqual([0, before]);
  });

  test('is migrated once', () => {
    const database = open(...first);
    migrate(database);
    const changes = database.pragma('schema_version', { simple: true });
    migrate(database);
    expect(database.pragma('schema_version', { simple: true })).toBe(changes);
  });

  test('does not become whole by it if it was tampered with', () => {
    const database = open(...first, 'DROP TRIGGER audit_no_delete');
    migrate(database);
    expect(() => createGuard(database)()).toThrow('a missing or changed audit_no_delete');
  });
});

describe('a new database', () => {
  test('has the version and every object of the schema', () => {
    const database = open();
    migrate(database);
    expect([version(database), objects(database)]).toEqual([2, new Map(schema)]);
  });

  test('refuses to change, remove or replace a checkpoint', () => {
    const database = open();
    migrate(database);
    database.exec(`INSERT INTO checkpoints VALUES (1, 'then', 'head', 'note')`);
    const attempts = [
      `UPDATE checkpoints SET note = 'other'`,
      'DELETE FROM checkpoints',
      `INSERT OR REPLACE INTO checkpoints VALUES (1, 'then', 'head', 'other')`,
    ];
    for (const sql of attempts) expect(() => database.exec(sql)).toThrow('table checkpoints is append-only');
  });
});

describe('a database of a newer version', () => {
  test('is not touched, and the refusal says why', () => {
    const database = open();
    migrate(database);
    database.pragma('user_version = 3');
    const before = objects(database);
    expect(() => migrate(database)).toThrow('has version 3; this Agent Vault knows versions up to 2');
    expect([version(database), objects(database)]).toEqual([3, before]);
  });

  test('is refused by who had it open, as soon as the newer one has changed it', () => {
    const database = open();
    migrate(database);
    const check = createGuard(database);
    check();
    database.exec('CREATE TABLE newer (x); PRAGMA user_version = 3');
    expect(check).toThrow('has version 3');
  });
});
