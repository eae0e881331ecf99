/** Writes into an audit log what never happened, consistently: `forge-rows.ts <database> <columns as JSON> <assertion>`. */
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { columns, rowHash } from '../../src/audit/chain.ts';

const [file = '', changes = '{}', assertion = ''] = process.argv.slice(2);
const database = new Database(file, { fileMustExist: true });
const last = database.prepare('SELECT * FROM audit ORDER BY id DESC LIMIT 1').get() as Row;
const body = JSON.stringify({ version: 2, approve: true });
const detail = JSON.stringify({ decision: createHash('sha256').update(body).digest('hex') });
const id = Number(last['id']) + 1;
const row: Row = { ...last, detail, ...(JSON.parse(changes) as Row), id, prev_hash: last['hash'] ?? '' };
row['hash'] = rowHash(
  id,
  columns.map((column) => cell(row[column])),
  cell(row['prev_hash']) ?? '',
);
const names = Object.keys(last);
database.prepare(`INSERT INTO audit (${names.join()}) VALUES (${names.map((name) => `@${name}`).join()})`).run(row);
const decided = database.prepare('SELECT 1 FROM decisions WHERE request_id = ?').get(row['request_id']);
if (decided === undefined)
  database.prepare('INSERT INTO decisions VALUES (?, ?, ?)').run(row['request_id'], body, assertion);
database.close();

type Row = Record<string, string | number | null>;

function cell(value: string | number | null | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
