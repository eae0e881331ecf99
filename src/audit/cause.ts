import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { errorCode } from '../store/busy.ts';

const hints: readonly (readonly [RegExp, string])[] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/u, 'make room on the disk that holds it'],
  [
    /^(SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|EACCES|EPERM|EROFS|ENOENT|ENOTDIR|EISDIR)/u,
    'make the file and its folder writable, or set audit.file',
  ],
  [/^SQLITE_NOTADB/u, 'set audit.file, or AGENT_VAULT_DB, to a file that is for this log alone; or move this one away'],
  [/^SQLITE_CORRUPT/u, 'move the file away and a new log is started'],
  [/^(SQLITE_BUSY|SQLITE_LOCKED)/u, 'end the transaction that another program, perhaps sqlite3, holds open'],
];

/** Says on stderr why the log cannot be written: each cause once, and again if it comes back after a success. */
export function createCauseLog(file: string, log: Log): { failed(error: unknown): void; worked(): void } {
  const said = new Set<string>();
  const failed = (error: unknown): void => {
    const message = `the audit log ${file} cannot be written: ${describe(error)}`;
    if (said.has(message)) return;
    said.add(message);
    log.warn(message, hintFor(error));
  };
  return { failed, worked: () => said.clear() };
}

function describe(error: unknown): string {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === null || message.includes(code) ? message : `${message} (${code})`;
}

function hintFor(error: unknown): string | undefined {
  if (error instanceof VaultError) return error.hint;
  const code = errorCode(error) ?? '';
  return hints.find(([pattern]) => pattern.test(code))?.[1];
}
