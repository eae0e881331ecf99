import { chmodSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAll, withDatabase } from './stored.ts';
import { opened, row, temporaryFile, verified } from './support.ts';

const table = `CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, secret_name TEXT NOT NULL, reason TEXT NOT NULL, action TEXT NOT NULL,
  scope TEXT, ttl_expires_at TEXT, timestamp TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, vault TEXT)`;
const rows = `INSERT INTO audit (secret_name, reason, action, vault) VALUES ('A', 'why', 'approved', 'v'), ('B', 'why', 'denied', 'v')`;

function legacyDatabase(...statements: string[]): string {
  const file = temporaryFile();
  withDatabase(file, (database) => {
    for (const statement of [table, rows, ...statements]) database.exec(statement);
  });
  return file;
}

describe('a database of the proof of concept', () => {
  test('keeps its rows as audit_legacy, beside a new log', async () => {
    const file = legacyDatabase();
    const before = readAll(file);
    await opened(file).audit.append([row()]);
    expect(readAll(file, 'audit_legacy')).toEqual(before);
    expect(verified(file)).toMatchObject({ ok: true, count: 1 });
  });

  test('is moved once, also when it was written by two processes and opened again', async () => {
    const file = legacyDatabase();
    await Promise.all([opened(file).audit.append([row()]), opened(file).audit.append([row()])]);
    await opened(file).audit.append([row()]);
    expect(verified(file)).toMatchObject({ ok: true, count: 3 });
    expect(readAll(file, 'sqlite_schema').filter(({ name }) => String(name).startsWith('audit_legacy'))).toHaveLength(
      1,
    );
  });

  test('takes the next free name', async () => {
    const file = legacyDatabase('CREATE TABLE Audit_Legacy (x)', 'CREATE VIEW audit_legacy_2 AS SELECT 1');
    await opened(file).audit.append([row()]);
    expect(readAll(file, 'audit_legacy_3')).toHaveLength(2);
  });

  test('may have indexes, triggers and views, also ones with our names and broken ones', async () => {
    const file = legacyDatabase(
      'CREATE INDEX audit_by_time ON audit (timestamp)',
      'CREATE INDEX by_name ON audit (secret_name)',
      'CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT 1; END',
      'CREATE TRIGGER watch AFTER INSERT ON audit BEGIN DELETE FROM audit; END',
      'CREATE VIEW latest AS SELECT secret_name, action FROM audit ORDER BY timestamp DESC',
      'CREATE VIEW broken AS SELECT * FROM nowhere',
    );
    const { audit } = opened(file);
    await audit.append([row({ secretName: 'NEW' })]);
    expect(readAll(file, 'audit_legacy')).toHaveLength(2);
    expect(readAll(file, 'latest')).toEqual([{ secret_name: 'NEW', action: 'released' }]);
    expect(verified(file)).toMatchObject({ ok: true, count: 1 });
  });

  test('is closed to others from now on', async () => {
    const file = legacyDatabase();
    chmodSync(file, 0o644);
    await opened(file).audit.append([row()]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('stays as it is if it cannot be moved as a whole', async () => {
    const file = legacyDatabase('CREATE TABLE decisions (x)');
    const { audit } = opened(file);
    await expect(audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(readAll(file)).toHaveLength(2);
  });
});
