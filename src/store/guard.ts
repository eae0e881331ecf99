import { VaultError } from '../core/errors.ts';
import type { Database } from './database.ts';
import { schema, tables } from './schema.ts';
import { versionOf } from './version.ts';

/**
 * A check to be made inside a write transaction: that our tables, indexes and triggers stand as we made them, and that no
 * other trigger is attached to our tables (one could rewrite or drop what we insert). Throws `audit_unavailable`.
 * Costs one number while nobody changes the schema.
 * @param expected of another version of the schema
 */
export function createGuard(database: Database, expected = schema): () => void {
  const version = database.prepare('PRAGMA schema_version').pluck();
  const objects = database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema').raw();
  let checked: unknown = null;
  return () => {
    const now = version.get();
    if (now === checked) return;
    checked = null;
    versionOf(database);
    inspect(objects.all(), expected);
    checked = now;
  };
}

function inspect(objects: readonly unknown[], expected: ReadonlyMap<string, string>): void {
  const missing = new Map(expected);
  for (const object of objects) {
    const [type, name, table, sql] = Array.isArray(object) ? object.map(String) : [];
    if (name === undefined || table === undefined) continue;
    if (missing.get(name) === sql) missing.delete(name);
    else if (type === 'trigger' && tables.includes(table.toLowerCase()))
      throw altered(`a trigger that is not its own, ${name}`);
  }
  const [changed] = missing.keys();
  if (changed !== undefined) throw altered(`a missing or changed ${changed}`);
}

function altered(what: string): VaultError {
  return new VaultError('audit_unavailable', `the audit log's database has ${what}`, {
    hint: 'find out who changed it; undo that, or move the file away and a new log is started',
  });
}
