/** `problem`: something does not work, or not as it should. `note`: worth knowing, and perhaps changing. */
export type Level = 'ok' | 'note' | 'problem';

/** One thing that was looked at. Holds names and places, never a value or a token. */
export interface Finding {
  /** What was looked at: "config", "vault dev". */
  readonly check: string;
  readonly level: Level;
  /** What is the case, in one line. */
  readonly says: string;
  /** What to do about it, in one line; null where nothing needs to be done. */
  readonly fix: string | null;
}

export function ok(check: string, says: string): Finding {
  return { check, level: 'ok', says, fix: null };
}

export function note(check: string, says: string, fix: string | null = null): Finding {
  return { check, level: 'note', says, fix };
}

export function problem(check: string, says: string, fix: string | null = null): Finding {
  return { check, level: 'problem', says, fix };
}
