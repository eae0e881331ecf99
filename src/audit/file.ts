import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../core/ports.ts';
import { stateDirectory } from '../platform/state.ts';

const name = 'agent-vault.db';

export interface AuditFileOptions {
  /** From `AGENT_VAULT_DB` or `audit.file`, absolute; null if neither is set. */
  readonly configured: string | null;
  readonly cwd: string;
  readonly log: Log;
  /** Where the log goes if `cwd` cannot be written; called only then. */
  readonly fallback?: () => string;
}

/**
 * Which file the audit log is in: the configured one, else `agent-vault.db` in the working directory, else, where that
 * is not writable (a desktop client may start us in `/`), in the user's state folder, which is said once on stderr.
 */
export function auditFile({ configured, cwd, log, fallback = stateDirectory }: AuditFileOptions): string {
  if (configured !== null) return configured;
  if (isWritable(cwd)) return join(cwd, name);
  const file = join(fallback(), name);
  log.once(
    `the working directory ${cwd} is not writable: the audit log is ${file}`,
    'set audit.file to choose another place',
  );
  return file;
}

/** SQLite keeps files beside the database, so it is the folder that counts. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
