import type { Database } from './database.ts';

/** Opens a database for looking only: changes nothing, makes no file. Throws SQLite's errors. */
export async function openReadOnly(file: string): Promise<Database> {
  const { default: Constructor } = await import('better-sqlite3');
  return new Constructor(file, { readonly: true, fileMustExist: true });
}
