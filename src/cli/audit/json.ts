import type { StoredRow } from '../../evidence/app.ts';

/** One line of JSON, harmless as below. */
export function jsonLine(value: unknown): string {
  return harmless(JSON.stringify(value));
}

/** JSON in which what a terminal could obey or hide is written as an escape, which means the same to whoever parses it. */
export function harmless(json: string): string {
  return json.replace(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/** With `detail` as what it says, where that is JSON. */
export function jsonRow(row: StoredRow): Record<string, unknown> {
  return { ...row, detail: parsed(row.detail) };
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

function escaped(point: string): string {
  const units = Array.from({ length: point.length }, (_, at) => point.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
