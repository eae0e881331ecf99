import { lstatSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { auditPublicKey } from '../audit/key.ts';
import { parseNoteKey } from '../audit/note.ts';
import { verifyLog } from '../audit/verify.ts';
import { VaultError } from '../core/errors.ts';
import type { DatabasePlace } from '../store/admission.ts';
import { contentsOf } from '../store/contents.ts';
import type { Contents } from '../store/contents.ts';
import type { Database } from '../store/database.ts';
import { createGuard } from '../store/guard.ts';
import { lookInto } from '../store/look.ts';
import { failure } from './failure.ts';
import type { Finding } from './finding.ts';
import { note, ok, problem } from './finding.ts';

const check = 'database';
const elsewhere = 'set audit.file, or AGENT_VAULT_DB, to a file that is for this log alone; or move this one away';

/** The audit log as it lies there. Nothing of it is changed, and no file is made beside it. */
export async function checkDatabase(place: DatabasePlace, stateFolder: string): Promise<readonly Finding[]> {
  const { path, followLinks } = place;
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link === undefined) return [ok(check, `${path} does not exist yet; the first request makes it, mode 0600`)];
  if (link.isSymbolicLink() && !followLinks)
    return [problem(check, `${path} is a symbolic link, which is not followed there`, elsewhere)];
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return [problem(check, `${path} is not a regular file`, elsewhere)];
  try {
    const seen = await lookInto(path, look);
    const checked = seen.contents === 'ours' ? await checkLog(path, stateFolder) : [];
    return [modeOf(path, found), ...findings(path, seen), ...checked];
  } catch (thrown) {
    return [failure(check, thrown, `${path} cannot be read as a database`)];
  }
}

interface Seen {
  readonly contents: Contents;
  readonly journal: string;
  /** Why our tables and triggers are not as we made them; null if they are. */
  readonly altered: VaultError | null;
}

function look(database: Database): Seen {
  const contents = contentsOf(database);
  const journal = String(database.pragma('journal_mode', { simple: true }));
  return { contents, journal, altered: contents === 'ours' ? alteredIn(database) : null };
}

/** What the log says of itself, and the key by which others can check what it sent them. */
async function checkLog(path: string, stateFolder: string): Promise<readonly Finding[]> {
  const key = await auditPublicKey(stateFolder);
  const parsed = key === null ? null : parseNoteKey(key);
  const report = await verifyLog(path, { keys: parsed === null ? [] : [parsed] });
  const [first] = report.problems;
  const kept =
    'find out who changed the log: agent-vault audit verify says more; compare it with what the webhooks received';
  return [
    first === undefined && report.why === null
      ? ok(check, `${counted(report.rows)}, the chain of hashes is whole`)
      : problem(check, report.why ?? `${first?.row == null ? '' : `row ${first.row}: `}${first?.says ?? ''}`, kept),
    key === null
      ? note(check, 'there is no key yet that signs checkpoints; the first checkpoint makes it')
      : ok(check, `checkpoints are signed with ${key}`),
  ];
}

function alteredIn(database: Database): VaultError | null {
  try {
    createGuard(database)();
    return null;
  } catch (thrown) {
    if (thrown instanceof VaultError) return thrown;
    throw thrown;
  }
}

function findings(path: string, { contents, journal, altered }: Seen): readonly Finding[] {
  if (contents === 'foreign') return [problem(check, `${path} is a database of another program`, elsewhere)];
  if (contents === 'legacy')
    return [note(check, `${path} is the log of the proof of concept; its rows are kept as audit_legacy`)];
  if (contents === 'empty') return [ok(check, `${path} is empty`)];
  return [
    journal === 'wal'
      ? ok(check, `${path}: write-ahead log; every open sets synchronous=FULL and reads it back`)
      : note(check, `${path}: journal mode ${journal} instead of wal; the next open sets it`),
    altered === null ? ok(check, 'tables and triggers are as they were made') : failure(check, altered, ''),
  ];
}

/** Windows has no modes. */
function modeOf(path: string, { mode }: Stats): Finding {
  const others = mode & 0o077;
  if (process.platform === 'win32' || others === 0) return ok(check, `${path} can be read by its owner only`);
  return note(
    check,
    `${path} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}; the next open makes it 0600`,
    `chmod 600 ${path}`,
  );
}

function counted(rows: number): string {
  return `${rows} row${rows === 1 ? '' : 's'}`;
}
