import { VaultError } from '../core/errors.ts';
import type { Finding } from './finding.ts';
import { problem } from './finding.ts';

/** What was thrown while something was looked at. Foreign text stays out: it may hold a secret. */
export function failure(check: string, thrown: unknown, otherwise: string): Finding {
  if (thrown instanceof VaultError) return problem(check, thrown.message, thrown.hint ?? null);
  const code = codeOf(thrown);
  return problem(check, code === null ? otherwise : `${otherwise} (${code})`);
}

/** The system's or SQLite's own name for it, such as "EACCES". */
function codeOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return null;
  return /^[A-Z][A-Z0-9_]{0,63}$/u.test(thrown.code) ? thrown.code : null;
}
