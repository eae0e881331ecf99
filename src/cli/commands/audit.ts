import { homedir } from 'node:os';
import { VaultError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import type { Evidence, StoredRow } from '../../evidence/app.ts';
import { openEvidence, verifyExitCodes } from '../../evidence/app.ts';
import { createLog } from '../../platform/log.ts';
import type { Flags } from '../arguments.ts';
import { filterOf, limitOf } from '../audit/choice.ts';
import { harmless, jsonLine, jsonRow } from '../audit/json.ts';
import { openProgress } from '../audit/progress.ts';
import { pruneRows } from '../audit/prune.ts';
import { reportJson, reportText } from '../audit/report.ts';
import { requestJson, requestText } from '../audit/request.ts';
import { rowsCsv, rowsJson, rowTable } from '../audit/rows.ts';
import { statsChart } from '../audit/stats.ts';
import { timeIn } from '../audit/time.ts';
import { put, terminalWidth, Unread } from '../output.ts';
import { Interrupted, interruptedCode } from '../terminal.ts';

/** Looks at the audit log. Everything but `prune` changes nothing. @param part "list", "show" and so on */
export async function audit(part: string, flags: Flags, operands: readonly string[]): Promise<number> {
  try {
    const run = parts[part];
    if (run === undefined) throw new VaultError('internal', 'a command without its code');
    return await run(flags, operands);
  } catch (thrown) {
    if (thrown instanceof Unread) return 0;
    if (thrown instanceof Interrupted) return interruptedCode;
    throw thrown;
  }
}

type Run = (flags: Flags, operands: readonly string[]) => Promise<number>;

const parts: Readonly<Record<string, Run>> = { list, show, stats, tail, export: exportAll, verify, prune };

/** Rows that are shown unless another number is given; more where a time is. */
const [fewRows, manyRows, tailRows] = [50, 1_000, 10];

async function list(flags: Flags): Promise<number> {
  const filter = filterOf(flags, Date.now());
  const isTimed = filter.since !== undefined || filter.until !== undefined;
  const limit = limitOf(flags, isTimed ? manyRows : fewRows);
  const evidence = await open(flags);
  const found = await evidence.newest(filter, limit + 1);
  const rows = found.slice(-limit);
  if (flags.json === true) await put(rowsJson(rows));
  else if (flags.csv === true) await put(rowsCsv(rows));
  else await put(`${rowTable(rows, terminalWidth()).join('\n')}\n`);
  if (found.length > limit) createLog().say(`these are the newest ${limit} rows; for more: --limit`);
  return 0;
}

async function show(flags: Flags, [id = '']: readonly string[]): Promise<number> {
  const record = await (await open(flags)).request(id);
  if (record === null)
    throw new VaultError('input_invalid', `the log has no request and no row "${oneLine(id)}"`, {
      hint: 'agent-vault audit list --json shows request_id and id',
    });
  await put(`${flags.json === true ? requestJson(record) : requestText(record, terminalWidth())}\n`);
  return 0;
}

async function stats(flags: Flags): Promise<number> {
  const filter = filterOf(flags, Date.now());
  const found = await (await open(flags)).stats(filter);
  await put(`${flags.json === true ? jsonLine(found) : statsChart(found, terminalWidth())}\n`);
  return 0;
}

async function tail(flags: Flags): Promise<number> {
  const filter = filterOf(flags, Date.now());
  const limit = limitOf(flags, tailRows);
  const evidence = await open(flags);
  const rows = await evidence.newest(filter, limit);
  await showTail(rows, flags);
  if (flags.follow !== true) return 0;
  const last = rows.at(-1)?.id ?? 0;
  for await (const more of evidence.follow(last, filter)) await showTail(more, flags);
  return 0;
}

async function showTail(rows: readonly StoredRow[], { json }: Flags): Promise<void> {
  const lines = json === true ? rows.map((row) => jsonLine(jsonRow(row))) : rowTable(rows, terminalWidth()).slice(1);
  await put(lines.map((line) => `${line}\n`).join(''));
}

async function exportAll(flags: Flags): Promise<number> {
  for await (const lines of (await open(flags)).exported()) await put(harmless(lines));
  return 0;
}

async function verify(flags: Flags, [operand]: readonly string[]): Promise<number> {
  if (operand !== undefined && flags.file !== undefined)
    throw new VaultError('input_invalid', 'the log is named twice', { hint: 'leave --file out' });
  const evidence = await open({ file: operand ?? flags.file });
  const progress = openProgress();
  const { key: keys = [], anchors = [] } = flags;
  const verified = await evidence.verify({ keys, anchors, onProgress: progress.say }).finally(progress.end);
  await put(`${(flags.json === true ? reportJson : reportText)(evidence.file, verified)}\n`);
  return verifyExitCodes[verified.report.kind];
}

async function prune(flags: Flags): Promise<number> {
  if (flags.before === undefined)
    throw new VaultError('input_invalid', 'audit prune needs --before', { hint: 'such as --before 2026-11-01' });
  const before = timeIn(flags.before, 'before', Date.now());
  return pruneRows(await open(flags), before, flags.yes === true);
}

function open({ file }: { readonly file?: string | undefined }): Promise<Evidence> {
  const where = { cwd: process.cwd(), env: { ...process.env }, home: homedir() };
  return openEvidence({ where, file: file ?? null, log: createLog() });
}
