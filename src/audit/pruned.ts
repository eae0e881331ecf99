import { z } from 'zod';
import type { Database } from '../store/database.ts';
import type { Statement } from './checkpoint.ts';
import { parseStatement } from './checkpoint.ts';
import type { NoteKey } from './note.ts';
import { openNote } from './note.ts';

/** What the log says about the rows that were removed from its beginning last, if one of the keys has signed it; null otherwise. */
export function lastPruning(database: Database, keys: readonly NoteKey[]): Statement | null {
  const row = database.prepare(`SELECT detail FROM audit WHERE action = 'pruned' ORDER BY id DESC LIMIT 1`).pluck();
  return pruningIn(row.get(), keys);
}

/** @param detail of a row `pruned`, as it stands in the table */
export function pruningIn(detail: unknown, keys: readonly NoteKey[]): Statement | null {
  const note = noteIn(detail);
  const opened = note === null ? null : openNote(note, keys);
  if (opened?.kind !== 'signed') return null;
  const statement = parseStatement(opened.text);
  return statement?.pruned === true ? statement : null;
}

const withNote = z.object({ note: z.string() });

function noteIn(detail: unknown): string | null {
  try {
    return withNote.parse(JSON.parse(String(detail))).note;
  } catch {
    return null;
  }
}
