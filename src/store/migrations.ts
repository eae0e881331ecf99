import { foreign } from './admission.ts';
import { contentsOf } from './contents.ts';
import type { Database } from './database.ts';
import { schema, schemaVersion, versions } from './schema.ts';
import { versionOf } from './version.ts';

/**
 * Makes the tables in a database that has none, and in one of an older version those that it lacks; its rows stay as they are. An `audit`
 * table of the earlier proof of concept is kept, rows and all, as `audit_legacy`. One transaction; throws `SQLITE_BUSY` if another process
 * is writing, `audit_unavailable` for a foreign database and for one of a newer version.
 */
export function migrate(database: Database): void {
  if (isCurrent(database)) return;
  // As SQLite did before 3.25: views keep naming `audit`, so they show the new table, and a broken view is no obstacle.
  database.pragma('legacy_alter_table = ON');
  database.transaction(() => bringUp(database)).immediate();
  database.pragma('legacy_alter_table = OFF');
}

function isCurrent(database: Database): boolean {
  return contentsOf(database) === 'ours' && versionOf(database) === schemaVersion;
}

function bringUp(database: Database): void {
  const contents = contentsOf(database);
  if (contents === 'foreign') throw foreign();
  if (contents === 'legacy') moveAside(database);
  const done = contents === 'ours' ? versionOf(database) : 0;
  for (const version of versions.slice(done)) {
    for (const statement of version.values()) database.exec(statement);
  }
  database.pragma(`user_version = ${schemaVersion}`);
}

function moveAside(database: Database): void {
  database.exec(`ALTER TABLE audit RENAME TO ${freeName(database)}`);
  for (const [name, statement] of schema) {
    const kind = /^CREATE (INDEX|TRIGGER) /u.exec(statement)?.[1];
    if (kind !== undefined) database.exec(`DROP ${kind} IF EXISTS ${name}`);
  }
}

function freeName(database: Database): string {
  let name = 'audit_legacy';
  for (let next = 2; exists(database, name); next += 1) name = `audit_legacy_${next}`;
  return name;
}

function exists(database: Database, name: string): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema WHERE lower(name) = ?').get(name) !== undefined;
}
