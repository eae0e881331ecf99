import { readAudit } from '../../app.ts';
import { shortened } from '../../core/text.ts';
import { table } from '../table.ts';

const shown = ['id', 'timestamp', 'action', 'vault', 'secret_name', 'factor', 'ttl_expires_at', 'hash'] as const;

/** The rows of the demo's audit log as a person would read them. */
export async function auditTable(file: string): Promise<string> {
  const rows = await readAudit(file);
  return table([shown, ...rows.map((row) => shown.map((column) => cell(column, row[column])))]);
}

function cell(column: string, value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return column === 'hash' ? text.slice(0, 12) : shortened(text, 40);
}
