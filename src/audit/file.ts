import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../core/ports.ts';
import { stateDirectory } from '../platform/state.ts';
import type { DatabasePlace } from '../store/admission.ts';

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
 * What is in the working directory can have come with a repository, links included.
 */
export function auditFile({
  configured,
  cwd,
  log,
  fallback = () => stateDirectory({ log }),
}: AuditFileOptions): DatabasePlace {
  if (configured !== null) return { path: configured, followLinks: true };
  if (isWritable(cwd)) return { path: join(cwd, name), followLinks: false };
  const path = join(fallback(), name);
  log.once(
    `the working directory ${cwd} is not writable: the audit log is ${path}`,
    'set audit.file to choose another place',
  );
  return { path, followLinks: true };
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
