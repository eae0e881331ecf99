import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Opened } from './support.ts';
import { readAll, withDatabase } from './stored.ts';
import { opened, row, temporaryFile, verified } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

let file = '';
let log: Opened;
beforeEach(async () => {
  file = temporaryFile();
  log = opened(file);
  await log.audit.append([row()]);
});

const unavailable = 'the audit log cannot be written, so nothing was done';

function sql(statement: string): void {
  withDatabase(file, (database) => database.exec(statement));
}

async function expectRefusal(saying: string): Promise<void> {
  const before = readAll(file).length;
  await expect(log.audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable', message: unavailable });
  expect(log.lines.join('')).toContain(saying);
  expect(readAll(file)).toHaveLength(before);
}

async function expectWork(count: number): Promise<void> {
  await expect(log.audit.append([row()])).resolves.toHaveLength(1);
  expect(verified(file)).toMatchObject({ ok: true, count });
}

describe('a log whose schema was changed under it', () => {
  const foreign = [
    `CREATE TRIGGER watch AFTER INSERT ON audit BEGIN SELECT 1; END`,
    `CREATE TRIGGER hide BEFORE INSERT ON AUDIT BEGIN SELECT RAISE(IGNORE); END`,
    `CREATE TRIGGER keep AFTER INSERT ON decisions BEGIN SELECT 1; END`,
  ];
  for (const trigger of foreign) {
    const name = /TRIGGER (\w+)/u.exec(trigger)![1]!;
    test(`releases nothing while the trigger "${name}" stands, and goes on when it is gone`, async () => {
      sql(trigger);
      await expectRefusal(name);
      await expectRefusal(name);
      sql(`DROP TRIGGER ${name}`);
      await expectWork(2);
    });
  }

  test('is refused by a process that starts later, too', async () => {
    sql(foreign[0]!);
    const later = opened(file);
    await expect(later.audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
  });

  for (const name of [
    'audit_no_update',
    'audit_no_delete',
    'audit_no_replace',
    'decisions_no_update',
    'decisions_no_delete',
    'decisions_no_replace',
  ]) {
    test(`releases nothing without the trigger "${name}"`, async () => {
      const [{ sql: own }] = readAll(file, 'sqlite_schema').filter((each) => each['name'] === name) as [
        { sql: string },
      ];
      sql(`DROP TRIGGER ${name}`);
      await expectRefusal(name);
      sql(own.replace(/RAISE\(ABORT, '.*'\)/u, 'RAISE(IGNORE)'));
      await expectRefusal(name);
      sql(`DROP TRIGGER ${name}`);
      sql(own);
      await expectWork(2);
    });
  }

  test('releases nothing if the table is a view of another', async () => {
    sql('PRAGMA legacy_alter_table = ON; ALTER TABLE audit RENAME TO other; CREATE VIEW audit AS SELECT * FROM other');
    await expectRefusal('audit');
  });

  test('is not bothered by views, tables, indexes and triggers that are no part of it', async () => {
    sql('CREATE VIEW latest AS SELECT * FROM audit; CREATE TABLE notes (x); CREATE INDEX mine ON audit (vault)');
    sql('CREATE TRIGGER notes_only AFTER INSERT ON notes BEGIN SELECT 1; END');
    await expectWork(2);
  });

  test('releases nothing after its tables were dropped, and does not start over', async () => {
    sql('DROP TABLE audit; DROP TABLE decisions');
    for (let time = 0; time < 2; time += 1)
      await expect(log.audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(log.lines.join('')).toContain('a missing or changed audit');
    expect(() => readAll(file)).toThrow('no such table');
  });

  test('releases nothing after its last row is gone or another', async () => {
    const [{ sql: own }] = readAll(file, 'sqlite_schema').filter(({ name }) => name === 'audit_no_delete') as [
      { sql: string },
    ];
    sql(`DROP TRIGGER audit_no_delete; DELETE FROM audit; ${own}`);
    await expectRefusal('has lost rows');
  });
});

describe('a log whose file is taken away', () => {
  test('releases nothing, makes no new file, and goes on when it is back', async () => {
    renameSync(file, `${file}.moved`);
    await expect(log.audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(existsSync(file)).toBe(false);
    renameSync(`${file}.moved`, file);
    await expectWork(2);
  });

  test('releases nothing into another file in its place, until it is started again', async () => {
    sql(`VACUUM INTO '${file}.copy'`);
    renameSync(`${file}.copy`, file);
    for (const companion of ['-wal', '-shm']) rmSync(`${file}${companion}`, { force: true });
    await expectRefusal('removed or replaced');
    await expectRefusal('removed or replaced');
    await expect(opened(file).audit.append([row()])).resolves.toHaveLength(1);
  });

  test('releases nothing through a link that leads elsewhere now', async () => {
    const folder = mkdtempSync(`${file}-folder-`);
    const [one, two] = [join(folder, 'one.db'), join(folder, 'two.db')];
    for (const each of [one, two]) await opened(each).audit.append([row()]);
    file = join(folder, 'link.db');
    symlinkSync(one, file);
    log = opened(file);
    await log.audit.append([row()]);
    rmSync(file);
    symlinkSync(two, file);
    await expectRefusal('removed or replaced');
  });

  for (const companion of ['-wal', '-shm']) {
    test(`never counts a row as committed while the ${companion} file is gone`, async () => {
      rmSync(`${file}${companion}`);
      await expect(log.audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
      expect(log.lines.join('')).toContain('lost its -wal or -shm file');
      await expectWork(2);
    });
  }
});
