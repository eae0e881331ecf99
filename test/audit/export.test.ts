import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { csvOf } from '../../src/audit/csv.ts';
import { exportLog, verifyExport } from '../../src/audit/export.ts';
import type { Sample } from './sample.ts';
import { sampleLog } from './sample.ts';
import { forced, readAll } from './stored.ts';

vi.setConfig({ testTimeout: 60_000 });

type Line = Record<string, unknown>;

async function linesOf(file: string): Promise<string[]> {
  let text = '';
  for await (const part of exportLog(file)) text += part;
  return text.split('\n').slice(0, -1);
}

function check({ keys, anchors }: Sample, lines: readonly string[]) {
  return verifyExport(lines, { keys, anchors });
}

describe('an export', () => {
  test('holds every row, decision and checkpoint, and can be checked like the log itself', async () => {
    const sample = await sampleLog();
    const lines = await linesOf(sample.file);
    const parsed = lines.map((line) => JSON.parse(line) as Line);
    const of = (type: string): Line[] => parsed.filter((line) => line['type'] === type);
    const stored = ['audit', 'decisions', 'checkpoints'].map((table) => readAll(sample.file, table));
    const typed = [of('row'), of('decision'), of('checkpoint')].map((some) => some.map(({ type: _, ...rest }) => rest));
    expect(typed.map((some) => some.length)).toEqual(stored.map((some) => some.length));
    expect(typed).toEqual(stored.map((some) => expect.arrayContaining(some)));
    expect(await check(sample, lines)).toMatchObject({ kind: 'intact', problems: [], rows: stored[0]!.length });
  });

  test('needs nothing but SHA-256 to check the chain', async () => {
    const { file } = await sampleLog();
    const [head, ...lines] = (await linesOf(file)).map((line) => JSON.parse(line) as Line);
    const columns = head!['columns'] as string[];
    let previous = '0'.repeat(64);
    for (const row of lines.filter(({ type }) => type === 'row')) {
      const cells = columns.filter((name) => name !== 'hash').map((name) => row[name]);
      expect(cells.at(-1)).toBe(previous);
      previous = createHash('sha256').update(JSON.stringify(cells)).digest('hex');
      expect(row['hash']).toBe(previous);
    }
    expect(previous).toBe(readAll(file).at(-1)!['hash']);
  });

  test('shows that any of its lines is gone, doubled, moved or another', async () => {
    const sample = await sampleLog();
    const lines = await linesOf(sample.file);
    const missed: string[] = [];
    for (const [at, line] of lines.entries()) {
      const last = at === lines.length - 1;
      const changes: Record<string, string[]> = {
        gone: lines.toSpliced(at, 1),
        doubled: lines.toSpliced(at, 0, line),
        ...(last ? {} : { moved: lines.toSpliced(at, 2, lines[at + 1]!, line) }),
        another: lines.toSpliced(at, 1, line.replace(/("(?:reason|head|body|version)":"?)(.)/u, '$1X')),
      };
      if (last) delete changes['another'];
      for (const [kind, changed] of Object.entries(changes)) {
        const report = await check(sample, changed);
        if (report.kind !== 'tampered' && report.kind !== 'unreadable') missed.push(`${kind}: ${line}`);
      }
    }
    expect(missed).toEqual([]);
  });

  test('of a log that was tampered with shows it, too', async () => {
    const sample = await sampleLog();
    forced(sample.file, `UPDATE audit SET reason = CAST('x' AS BLOB) WHERE id = 3`);
    const { kind, problems } = await check(sample, await linesOf(sample.file));
    expect([kind, problems[0]?.row]).toEqual(['tampered', 3]);
  });

  test.each<[string, string[], string]>([
    ['is none', ['some text'], 'line 1 is no line of an export'],
    ['is of something else', ['{"type":"row"}'], 'it is no export of an audit log'],
    ['is of another version', ['{"type":"log","version":2,"columns":[]}'], 'another version of Agent Vault'],
    ['is empty', [], 'it is cut off'],
  ])('that %s is unreadable', async (_, lines, why) => {
    expect(await verifyExport(lines, { keys: [] })).toMatchObject({
      kind: 'unreadable',
      why: expect.stringContaining(why),
    });
  });
});

describe('a CSV', () => {
  test('has the names of the columns, then the rows, and quotes what needs it', () => {
    const rows = [
      { id: 1, reason: 'two\nlines, and "quotes"', vault: null },
      { id: 2, reason: 'plain', vault: 'dev' },
    ];
    expect(csvOf(rows)).toBe('id,reason,vault\r\n1,"two\nlines, and ""quotes""",\r\n2,plain,dev\r\n');
    expect(csvOf([])).toBe('\r\n');
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('makes no formula of %j', (reason) => {
    expect(csvOf([{ reason }]).split('\r\n').slice(1).join('\r\n')).toMatch(/^"?'/u);
  });

  test('leaves numbers and ordinary texts alone', () => {
    expect(csvOf([{ id: -1, reason: 'a=b' }])).toBe('id,reason\r\n-1,a=b\r\n');
  });
});
