import { VaultError } from '../core/errors.ts';
import type { Database } from './database.ts';
import { schemaVersion } from './schema.ts';

/** The version of a database that holds our log. Throws `audit_unavailable` if a newer Agent Vault made it what it is. */
export function versionOf(database: Database): number {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version <= schemaVersion) return Math.max(1, version);
  throw new VaultError(
    'audit_unavailable',
    `the audit log's database has version ${version}; this Agent Vault knows versions up to ${schemaVersion}`,
    { hint: 'a newer Agent Vault has opened it: start that one, or set audit.file to another file' },
  );
}
