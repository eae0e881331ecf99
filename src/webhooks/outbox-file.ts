import { lstatSync } from 'node:fs';
import type { DatabasePlace } from '../store/admission.ts';
import { admit } from '../store/admission.ts';
import { contentsOf } from '../store/contents.ts';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/database.ts';
import { lookInto } from '../store/look.ts';
import { schemaVersion } from '../store/schema.ts';
import { versionOf } from '../store/version.ts';

/**
 * Opens the database in which events wait, on a connection of its own. Null where there is none yet, or one that the audit log has first to
 * bring up to date. Throws what the file system and SQLite say, and `audit_unavailable` for a file that is not ours.
 */
export async function openOutboxFile(place: DatabasePlace): Promise<Database | null> {
  if (lstatSync(place.path, { throwIfNoEntry: false }) === undefined) return null;
  await admit(place);
  if (!(await lookInto(place.path, isCurrent))) return null;
  const database = await openDatabase(place.path);
  // What a power cut takes back is only that something was delivered: it is delivered again, with the same id. Rows that wait are committed
  // by the audit log's connection, which syncs.
  database.pragma('synchronous = NORMAL');
  // SQLite would wait synchronously; those who call wait asynchronously instead.
  database.pragma('busy_timeout = 0');
  return database;
}

function isCurrent(database: Database): boolean {
  return contentsOf(database) === 'ours' && versionOf(database) === schemaVersion;
}
