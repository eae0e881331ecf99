import { spawnSync } from 'node:child_process';
import Sqlite from 'better-sqlite3';

/** As another program with the file open would: a connection of its own. */
export function withDatabase<Result>(file: string, use: (database: Sqlite.Database) => Result): Result {
  const database = new Sqlite(file);
  database.pragma('synchronous = OFF');
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** What the program sqlite3 prints, line by line; where it is not installed, the same by way of the library. */
export function plainSqlite(file: string, sql: string): string[] {
  const { error, stdout, status, stderr } = spawnSync('sqlite3', [file, sql], { encoding: 'utf8' });
  if (error === undefined && status !== 0) throw new Error(stderr);
  if (error === undefined) return stdout.split('\n').filter((line) => line !== '');
  return withDatabase(file, (database) => {
    const statement = database.prepare(sql);
    if (statement.reader)
      return statement
        .raw()
        .all()
        .map((cells) => (cells as unknown[]).join('|'));
    statement.run();
    return [];
  });
}

export function readAll(file: string, table = 'audit'): Record<string, unknown>[] {
  return withDatabase(file, (database) => database.prepare(`SELECT * FROM ${table}`).all()) as Record<
    string,
    unknown
  >[];
}

/** Changes what the triggers guard, as whoever can write the file can, and leaves the triggers as they were. */
export function forced(file: string, ...statements: string[]): void {
  withDatabase(file, (database) => {
    const triggers = database
      .prepare<[], { name: string; sql: string }>(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
      .all();
    const changes = [
      ...triggers.map(({ name }) => `DROP TRIGGER ${name}`),
      ...statements,
      ...triggers.map(({ sql }) => sql),
    ];
    database.transaction(() => changes.forEach((sql) => database.exec(sql)))();
  });
}
