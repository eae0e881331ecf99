import type { Database } from './database.ts';
import { auditColumns } from './schema.ts';

/**
 * `ours`: holds our log, whole or tampered with, which the guard tells apart. `legacy`: holds the table of the proof of concept.
 * `empty`: nobody has put anything there. `foreign`: another program's.
 */
export type Contents = 'ours' | 'legacy' | 'empty' | 'foreign';

/** In any order. The first builds had no column `vault`. A table with any other column is somebody else's. */
const legacyColumns = ['id', 'secret_name', 'reason', 'action', 'scope', 'ttl_expires_at', 'timestamp'];

/** Reads the schema only. */
export function contentsOf(database: Database): Contents {
  const columns = columnsOf(database);
  if (auditColumns.every((name) => columns.has(name))) return 'ours';
  if (isLegacy(database, columns)) return 'legacy';
  return isEmpty(database) ? 'empty' : 'foreign';
}

function isLegacy(database: Database, columns: ReadonlySet<string>): boolean {
  const others = [...columns].filter((name) => name !== 'vault');
  return (
    others.length === legacyColumns.length && legacyColumns.every((name) => columns.has(name)) && isTable(database)
  );
}

/** Some programs mark a file as theirs before they make tables in it. */
function isEmpty(database: Database): boolean {
  const marks = ['application_id', 'user_version'].map((name) => database.pragma(name, { simple: true }));
  return marks.every((mark) => mark === 0) && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
}

function columnsOf(database: Database): ReadonlySet<string> {
  return new Set(database.prepare(`SELECT lower(name) FROM pragma_table_info('audit')`).pluck().all().map(String));
}

function isTable(database: Database): boolean {
  return (
    database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = 'audit'`).get() !== undefined
  );
}
