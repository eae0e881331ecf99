import { oneLine } from '../../core/text.ts';
import type { StoredRow } from '../../evidence/app.ts';
import { csvOf } from '../../evidence/app.ts';
import { fit } from './fit.ts';
import { jsonLine, jsonRow } from './json.ts';

/** One row a line, for a person. Times are UTC. Everything else was written by agents, or by whoever can write the file. */
export function rowTable(rows: readonly StoredRow[], width: number): string[] {
  return fit(columns, rows.map(line), width);
}

/** One array of JSON. */
export function rowsJson(rows: readonly StoredRow[]): string {
  return `[${rows.map((row) => `\n${jsonLine(jsonRow(row))}`).join(',')}\n]\n`;
}

/** With the columns of the table; of no rows, nothing. */
export function rowsCsv(rows: readonly StoredRow[]): string {
  return rows.length === 0 ? '' : csvOf(rows.map(safe));
}

const columns = [
  { title: 'id' },
  { title: 'time (UTC)' },
  { title: 'action' },
  { title: 'vault', least: 5 },
  { title: 'secret', least: 6 },
  { title: 'agent', least: 5 },
  { title: 'approver', least: 8 },
  { title: 'reason', least: 6 },
];

function line(row: StoredRow): readonly string[] {
  const { id, timestamp, action, vault, secret_name: secret, agent, approver, factor, reason } = row;
  const by = approver === null ? '' : `${approver} (${factor ?? '?'})`;
  const time = timestamp.slice(0, 19).replace('T', ' ');
  return [String(id), time, action, vault, secret, agent, by, reason].map(oneLine);
}

/** Spreadsheets, too, obey or hide some characters. */
function safe(row: StoredRow): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, typeof cell === 'string' ? oneLine(cell) : cell]),
  );
}
