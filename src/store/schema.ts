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

const checkpoints = `CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY,
  timestamp TEXT NOT NULL,
  head TEXT NOT NULL,
  note TEXT NOT NULL
)`;

const outbox = `CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint TEXT NOT NULL,
  event TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  problem TEXT
)`;

const endpoints = `CREATE TABLE endpoints (
  endpoint TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  leased_by TEXT,
  leased_until INTEGER,
  next_at INTEGER NOT NULL DEFAULT 0,
  disabled TEXT
)`;

/** In order. */
export const auditColumns: readonly string[] = [...audit.matchAll(/^ {2}(\w+) /gmu)].map(([, name = '']) => name);

export const tables: readonly string[] = ['audit', 'decisions', 'checkpoints', 'outbox', 'endpoints'];

/** What each version added, by name, in the order of its making. What one version has made, no later one changes. */
export const versions: readonly ReadonlyMap<string, string>[] = [
  new Map([
    ['audit', audit],
    ['audit_by_time', 'CREATE INDEX audit_by_time ON audit (timestamp)'],
    ...refusals('audit', 'id'),
    ['decisions', decisions],
    ...refusals('decisions', 'request_id'),
  ]),
  new Map([
    ['audit_by_request', 'CREATE INDEX audit_by_request ON audit (request_id)'],
    ['checkpoints', checkpoints],
    ...refusals('checkpoints', 'size'),
    ['outbox', outbox],
    ['outbox_by_endpoint', 'CREATE INDEX outbox_by_endpoint ON outbox (endpoint, state, id)'],
    ['endpoints', endpoints],
  ]),
];

/** Stands in the database as `user_version`; the first version left that at 0. */
export const schemaVersion = versions.length;

/** Everything of ours in a database of a version, by name, in the order of its making. */
export function schemaOf(version: number): ReadonlyMap<string, string> {
  return new Map(versions.slice(0, version).flatMap((each) => [...each]));
}

export const schema = schemaOf(schemaVersion);

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
