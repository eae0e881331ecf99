import { existsSync } from 'node:fs';
import { VaultError } from '../core/errors.ts';
import { errorCode } from '../store/busy.ts';
import { contentsOf } from '../store/contents.ts';
import type { Database } from '../store/database.ts';
import { openSnapshot } from '../store/snapshot.ts';

/**
 * Looks at a log as it is at one moment; changes nothing, also while servers write. Rejects with `audit_unavailable` where there is no log
 * of ours.
 */
export async function withLog<Result>(
  file: string,
  look: (database: Database) => Result | Promise<Result>,
): Promise<Result> {
  if (!existsSync(file))
    throw unreadable(file, 'does not exist yet', 'the first request makes it; or name another with --file');
  const snapshot = await openSnapshot(file).catch((thrown: unknown) => {
    throw unreadable(file, `cannot be read (${errorCode(thrown) ?? 'unknown'})`, 'agent-vault doctor', thrown);
  });
  try {
    const contents = contentsOf(snapshot.database);
    if (contents !== 'ours') throw unreadable(file, strangers[contents], 'name another file with --file');
    return await look(snapshot.database);
  } finally {
    snapshot.close();
  }
}

const strangers = {
  legacy: 'is the log of the proof of concept, which the next start of agent-vault brings up to date',
  empty: 'is empty',
  foreign: 'is a database of another program',
};

function unreadable(file: string, why: string, hint: string, cause?: unknown): VaultError {
  return new VaultError('audit_unavailable', `${file} ${why}`, { hint, cause });
}
