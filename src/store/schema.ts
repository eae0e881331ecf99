/**
 * The tables as SQLite keeps their text. The guard compares it letter by letter, so a change here needs a migration.
 * Not STRICT, which the `sqlite3` of older systems cannot read.
 */
const audit = `CREATE TABLE audit (
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
)`;

const decisions = `CREATE TABLE decisions (
  request_id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  assertion TEXT
)`;

/** In order. */
export const auditColumns: readonly string[] = [...audit.matchAll(/^ {2}(\w+) /gmu)].map(([, name = '']) => name);

export const tables: readonly string[] = ['audit', 'decisions'];

/** Everything of ours in the database, by name, in the order of its making. */
export const schema: ReadonlyMap<string, string> = new Map([
  ['audit', audit],
  ['audit_by_time', 'CREATE INDEX audit_by_time ON audit (timestamp)'],
  ...refusals('audit', 'id'),
  ['decisions', decisions],
  ...refusals('decisions', 'request_id'),
]);

/** Append-only. The guard on inserts is needed because `INSERT OR REPLACE` deletes without firing delete triggers. */
function refusals(table: string, key: string): [string, string][] {
  const refuse = `BEGIN SELECT RAISE(ABORT, 'table ${table} is append-only'); END`;
  const taken = `WHEN EXISTS (SELECT 1 FROM ${table} WHERE ${key} = NEW.${key})`;
  return [
    [`${table}_no_update`, `CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table} ${refuse}`],
    [`${table}_no_delete`, `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} ${refuse}`],
    [`${table}_no_replace`, `CREATE TRIGGER ${table}_no_replace BEFORE INSERT ON ${table} ${taken} ${refuse}`],
  ];
}
