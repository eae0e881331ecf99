import { openSnapshot } from '../store/snapshot.ts';
import type { LogRecord } from './records.ts';
import type { Report } from './report.ts';
import { unreadable } from './report.ts';
import { recordsOf, rowColumns } from './source.ts';
import type { VerifyOptions } from './verify.ts';
import { verifyRecords } from './verify.ts';

/**
 * A whole log as lines of JSON, each ending with a line feed, from which it can be checked without SQLite: a head, then rows, decisions and
 * checkpoints in the order in which they are checked, then an end. A row's hash is the SHA-256 of the RFC 8785 array of its columns, in the
 * order of the head, without `hash` itself. Sees one moment; rejects with SQLite's errors.
 */
export async function* exportLog(file: string): AsyncGenerator<string> {
  const snapshot = await openSnapshot(file);
  try {
    let rows = 0;
    yield lineOf({ type: 'log', version, columns: rowColumns });
    for (const page of recordsOf(snapshot.database)) {
      rows += page.filter(({ kind }) => kind === 'row').length;
      yield page.map((record) => lineOf(written(record))).join('');
    }
    yield lineOf({ type: 'end', rows });
  } finally {
    snapshot.close();
  }
}

/** As `verifyLog`, of an export. @param lines without their line feeds, as `readline` gives them */
export async function verifyExport(
  lines: Iterable<string> | AsyncIterable<string>,
  options: VerifyOptions,
): Promise<Report> {
  try {
    return await verifyRecords(pagesOf(lines), options);
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(error.message);
    throw error;
  }
}

const version = 1;
/** So many records are checked at a time. */
const pageRecords = 1_000;

class Unreadable extends Error {}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function written(record: LogRecord): unknown {
  const { kind: type, ...rest } = record;
  if (!('cells' in rest)) return { type, ...rest };
  return { type, ...Object.fromEntries(rowColumns.map((name, at) => [name, rest.cells[at]])) };
}

async function* pagesOf(lines: Iterable<string> | AsyncIterable<string>): AsyncGenerator<readonly LogRecord[]> {
  let page: LogRecord[] = [];
  let at = 0;
  let isOver = false;
  for await (const line of lines) {
    at += 1;
    const value = parsed(line, at);
    if (isOver) throw new Unreadable(`line ${at} stands after the end`);
    if (at === 1) checkHead(value);
    else if (value['type'] === 'end') isOver = true;
    else page.push(recordOf(value, at));
    if (page.length < pageRecords) continue;
    yield page;
    page = [];
  }
  if (!isOver) throw new Unreadable('it is cut off: its last line is missing');
  yield page;
}

type Line = Readonly<Record<string, unknown>>;

function parsed(line: string, at: number): Line {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new Unreadable(`line ${at} is no line of an export`);
}

function checkHead({ type, version: found, columns }: Line): void {
  if (type !== 'log') throw new Unreadable('it is no export of an audit log');
  if (found !== version || String(columns) !== String(rowColumns))
    throw new Unreadable('it is an export of another version of Agent Vault');
}

function recordOf(line: Line, at: number): LogRecord {
  const { type, ...rest } = line;
  if (type === 'row' && hasOnly(rest, rowColumns)) return { kind: 'row', cells: rowColumns.map((name) => rest[name]) };
  const { request_id, body, assertion, size, timestamp, head, note } = rest;
  if (type === 'decision' && hasOnly(rest, ['request_id', 'body', 'assertion'])) {
    if (typeof request_id === 'string' && typeof body === 'string' && isTextOrNull(assertion))
      return { kind: 'decision', request_id, body, assertion };
  }
  if (type === 'checkpoint' && hasOnly(rest, ['size', 'timestamp', 'head', 'note'])) {
    if (
      typeof size === 'number' &&
      typeof timestamp === 'string' &&
      typeof head === 'string' &&
      typeof note === 'string'
    )
      return { kind: 'checkpoint', size, timestamp, head, note };
  }
  throw new Unreadable(`line ${at} is no line of an export`);
}

function hasOnly(line: Line, keys: readonly string[]): boolean {
  return Object.keys(line).length === keys.length && keys.every((key) => Object.hasOwn(line, key));
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isObject(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
