import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { openAudit } from '../../src/audit/log.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { readAll, withDatabase } from '../audit/stored.ts';
import { row } from '../audit/support.ts';
import { Pty } from '../support/pty.ts';
import { AuditStand, hostile } from './audit-stand.ts';

let stand: AuditStand;

beforeEach(async () => {
  stand = await AuditStand.open();
});

type Row = Record<string, unknown>;

async function listed(...flags: string[]): Promise<Row[]> {
  const { stdout } = await stand.run('audit', 'list', '--json', ...flags);
  return JSON.parse(stdout) as Row[];
}

/** The columns `id` and `detail` apart, what the database holds. */
function stored(): Row[] {
  return readAll(stand.file).map((each) => ({
    ...each,
    detail: JSON.parse((each['detail'] as string | null) ?? 'null'),
  }));
}

describe('agent-vault audit list', () => {
  it('shows the newest rows as a table, and as JSON what the database holds', async () => {
    const { code, stdout } = await stand.run('audit', 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^id +time \(UTC\) +action +vault +secret +agent +approver +reason\n/u);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + stored().length);
    expect(stdout).toMatch(/denied +v +C +tester 1 +link holder \(link\) +something else/u);
    expect(await listed()).toEqual(stored());
  });

  it.each<[string[], (each: Row) => boolean]>([
    [['--action', 'approved,denied'], ({ action }) => action === 'approved' || action === 'denied'],
    [['--vault', 'v'], ({ vault }) => vault === 'v'],
    [['--name', 'B'], ({ secret_name: name }) => name === 'B'],
    [['--session', 's2'], ({ session }) => session === 's2'],
    [['--agent', 'some-client'], ({ agent }) => agent === 'some-client 1.0'],
    [['--agent', 'tester 1'], ({ agent }) => agent === 'tester 1'],
    [['--approver', 'link holder'], ({ approver }) => approver === 'link holder'],
    [['--since', '2026-01-02T03:05:05Z'], ({ timestamp }) => String(timestamp) >= '2026-01-02T03:05:05.000Z'],
    [['--until', '2026-01-02T03:05:05'], ({ timestamp }) => String(timestamp) < '2026-01-02T03:05:05.000Z'],
  ])('chooses rows by %j', async (flags, fits) => {
    const rows = stored();
    const chosen = rows.filter(fits);
    expect(chosen.length).toBeGreaterThan(0);
    expect(chosen.length).toBeLessThan(rows.length);
    expect(await listed(...flags)).toEqual(chosen);
  });

  it('says when there are more rows than it shows', async () => {
    const { stdout, stderr } = await stand.run('audit', 'list', '--limit', '2', '--json');
    expect((JSON.parse(stdout) as Row[]).map(({ id }) => id)).toEqual(
      stored()
        .slice(-2)
        .map(({ id }) => id),
    );
    expect(stderr).toContain('these are the newest 2 rows');
  });

  it('gives spreadsheets no formula', async () => {
    const { stdout } = await stand.run('audit', 'list', '--csv');
    expect(stdout).toContain(`,'=1+1`);
    expect(stdout).not.toMatch(/(^|,)"?=/mu);
    expect(stdout.split('\r\n')).toHaveLength(stored().length + 2);
  });

  it.each([
    [['--action', 'aproved'], 'there is no action "aproved"; did you mean approved?'],
    [['--since', 'yesterday'], '--since yesterday is no time'],
    [['--limit', '0'], '--limit 0 is no number of rows'],
    [['--file', 'nothing.db'], 'does not exist yet'],
  ])('refuses %j with one line and no stack', async (flags, message) => {
    const { code, stdout, stderr } = await stand.run('audit', 'list', ...flags);
    expect(code).toBeGreaterThan(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n +at /u);
  });

  it('is cut to the width of a terminal', async () => {
    const env = { PATH: process.env['PATH'] ?? '', AGENT_VAULT_STATE: stand.world.stateFolder };
    const terminal = new Pty(['audit', 'list', '--file', stand.file], { cwd: stand.folder, env });
    expect(await terminal.ended).toBe(0);
    const lines = terminal.text.split('\n').filter((line) => /^\d/u.test(line));
    expect(lines).toHaveLength(stored().length);
    for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(80);
    expect(terminal.text).toContain('…');
  });
});

describe('whatever stands in the log', () => {
  const texts = ['secret_name', 'reason', 'action', 'vault', 'operation', 'session', 'agent', 'approver', 'factor'];

  /** The broker escapes what agents write; whoever can write the file does not. */
  beforeEach(() => {
    withDatabase(stand.file, (database) => {
      database.exec('DROP TRIGGER audit_no_update; DROP TRIGGER decisions_no_update');
      const set = [...texts, 'detail', 'timestamp'].map((column) => `${column} = @hostile`).join(', ');
      database.prepare(`UPDATE audit SET ${set}`).run({ hostile });
      database.prepare('UPDATE decisions SET body = @hostile').run({ hostile });
    });
  });

  it.each([
    'list',
    'list --csv',
    'list --json',
    'stats',
    'stats --json',
    'tail',
    'tail --json',
    'show 4',
    'show 4 --json',
    'export',
    'verify',
    'verify --json',
  ])('does nothing to a terminal that shows audit %s', async (command) => {
    const { stdout, stderr } = await stand.run('audit', ...command.split(' '), '--file', stand.file);
    expect(stdout).not.toBe('');
    expect(stderr).toBe('');
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
    expect(stdout).not.toMatch(/[^\P{Cc}\r\n]|\p{Cf}/u);
  });

  it('is in JSON what it is in the database', async () => {
    const [first] = await listed();
    for (const column of texts) expect(first?.[column]).toBe(hostile);
  });
});

describe('agent-vault audit show', () => {
  it('shows every row of a request, by its id or by one of its rows', async () => {
    const request = String(stored()[1]?.['request_id']);
    const byId = await stand.run('audit', 'show', request);
    expect(byId.stdout).toMatch(/requested[\s\S]*approved[\s\S]*released/u);
    expect(byId.stdout).not.toContain('denied');
    expect(byId.stdout).toContain('not signed: it was made without a passkey');
    expect((await stand.run('audit', 'show', '4')).stdout).toBe(byId.stdout);
    const { stdout } = await stand.run('audit', 'show', request, '--json');
    expect(JSON.parse(stdout)).toEqual({
      request,
      rows: stored().filter(({ request_id: id }) => id === request),
      decision: readAll(stand.file, 'decisions').find(({ request_id: id }) => id === request),
      signatures: [],
    });
  });

  it('shows a row that is about no request', async () => {
    expect((await stand.run('audit', 'show', '1')).stdout).toContain('row 1, which is about no request');
  });

  it('refuses what the log does not have', async () => {
    const { code, stderr } = await stand.run('audit', 'show', '1000');
    expect([code, stderr]).toEqual([2, expect.stringContaining('the log has no request and no row "1000"')]);
  });
});

describe('agent-vault audit stats', () => {
  it('counts actions, vaults, agents and days', async () => {
    const { stdout } = await stand.run('audit', 'stats', '--json');
    const stats = JSON.parse(stdout) as Record<string, { what: string; rows: number }[]>;
    const rows = stored();
    expect(stats['rows']).toBe(rows.length);
    const counts = Object.fromEntries(stats['actions']!.map(({ what, rows: count }) => [what, count]));
    expect(counts).toEqual({ requested: 3, approved: 2, released: 2, auto_approved: 2, denied: 1, refused: 1 });
    expect(stats['vaults']).toEqual([
      { what: 'v', rows: rows.length - 1 },
      { what: 'dev', rows: 1 },
    ]);
    expect(stats['days']).toEqual([{ what: '2026-01-02', rows: rows.length }]);
  });

  it('draws bars in proportion', async () => {
    const { stdout } = await stand.run('audit', 'stats', '--action', 'requested,denied');
    const [, requested = '', denied = ''] = /requested +3 +(█+)\n +denied +1 +(█+)/u.exec(stdout) ?? [];
    expect(requested.length).toBe(3 * denied.length);
  });
});

describe('agent-vault audit tail', () => {
  it('goes on with the rows that servers commit', async () => {
    const lines = stand.follow('audit', 'tail', '--follow', '--limit', '1', '--json', '--action', 'denied,released');
    const next = async (): Promise<Row> => JSON.parse(String((await lines.next()).value)) as Row;
    expect(await next()).toMatchObject({ action: 'denied' });
    const file = { path: stand.file, followLinks: true };
    const log = createLog(() => undefined);
    const audit = openAudit({ file, clock: systemClock, log, onCommitted: () => undefined });
    const [first, , third] = await audit.append([row(), row({ action: 'expired' }), row({ reason: 'the third' })]);
    expect(await next()).toMatchObject({ id: first?.seq });
    expect(await next()).toMatchObject({ id: third?.seq, reason: 'the third' });
    await audit.close();
  });
});

describe('agent-vault audit verify', () => {
  const anchors = (): string[] => ['--anchors', join(stand.folder, 'anchors.txt')];

  function tamper(sql: string): void {
    withDatabase(stand.file, (database) => database.exec(sql));
  }

  it('ends with 0 where an anchor covers all', async () => {
    const { code, stdout } = await stand.run('audit', 'verify', ...anchors());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+agent-vault\.db: intact\n/u);
  });

  it('ends with 3 where only the log itself says that it is complete', async () => {
    const { code, stdout } = await stand.run('audit', 'verify', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'unanchored', exitCode: 3, unanchored: stored().length });
  });

  it('ends with 1 where a row was changed, and names it', async () => {
    tamper(`DROP TRIGGER audit_no_update; UPDATE audit SET reason = 'innocent' WHERE id = 5`);
    const { code, stdout } = await stand.run('audit', 'verify', ...anchors());
    expect(code).toBe(1);
    expect(stdout).toContain('TAMPERED, first at row 5');
  });

  it('ends with 1 where rows were cut off that an anchor knows', async () => {
    const last = stored().length;
    tamper(`DROP TRIGGER audit_no_delete; DROP TRIGGER checkpoints_no_delete;
      DELETE FROM audit WHERE id > ${last - 1}; DELETE FROM checkpoints WHERE size > ${last - 1}`);
    const { code, stdout } = await stand.run('audit', 'verify', ...anchors());
    expect(code).toBe(1);
    expect(stdout).toContain(`row ${last}`);
  });

  it.each([
    ['what is not there', (file: string) => file],
    ['what is no database', (file: string) => (writeFileSync(file, 'text'.repeat(1000)), file)],
  ])('ends with 2 for %s', async (_, make) => {
    const { code, stdout } = await stand.run('audit', 'verify', make(join(stand.folder, 'other.db')));
    expect(code).toBe(2);
    expect(stdout).toContain('it is unreadable');
  });

  it('checks a copy with the public key alone, where nobody else knows the log', async () => {
    const copy = join(stand.folder, 'copy.db');
    copyFileSync(stand.file, copy);
    const { stdout: shown } = await stand.run('audit', 'verify', copy, '--json');
    expect(JSON.parse(shown)).toMatchObject({ kind: 'unanchored', file: copy });
    const elsewhere = { AGENT_VAULT_STATE: join(stand.folder, 'nobody') };
    const without = await stand.runWith(elsewhere, 'audit', 'verify', copy, ...anchors());
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('there is no key here')]);
    const { code } = await stand.runWith(elsewhere, 'audit', 'verify', copy, '--key', await stand.vkey(), ...anchors());
    expect(code).toBe(0);
  });

  it('takes no other key', async () => {
    const other = 'agent-vault/audit+00000000+AAAA';
    const { code, stderr } = await stand.run('audit', 'verify', '--key', other);
    expect([code, stderr]).toEqual([2, expect.stringContaining('this is no public key of a log')]);
  });
});

describe('agent-vault audit export', () => {
  it('writes what can be verified without SQLite, and notices a change in it', async () => {
    const { stdout } = await stand.run('audit', 'export', '--jsonl');
    const file = join(stand.folder, 'export.jsonl');
    writeFileSync(file, stdout);
    const anchors = join(stand.folder, 'anchors.txt');
    expect(await stand.run('audit', 'verify', file, '--anchors', anchors)).toMatchObject({ code: 0 });
    writeFileSync(file, stdout.replace('"reason":"again"', '"reason":"never"'));
    const { code, stdout: found } = await stand.run('audit', 'verify', file, '--anchors', anchors);
    expect([code, found]).toEqual([1, expect.stringMatching(/TAMPERED, first at row \d+/u)]);
  });

  it('ends without a word when its reader has seen enough', async () => {
    const file = { path: stand.file, followLinks: true };
    const log = createLog(() => undefined);
    const audit = openAudit({ file, clock: systemClock, log, onCommitted: () => undefined });
    await audit.append(Array.from({ length: 2_000 }, () => row({ reason: 'x'.repeat(500) })));
    await audit.close();
    const { stdout, stderr } = await stand.piped(`audit export --file '${stand.file}'`, 'head -n 1');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });
});

describe('looking at the log', () => {
  it('changes no byte and leaves nothing beside it', async () => {
    const before = readFileSync(stand.file);
    const names = readdirSync(stand.folder);
    for (const args of [['list'], ['show', '4'], ['stats'], ['tail'], ['export'], ['verify']])
      await stand.run('audit', ...args);
    expect(readFileSync(stand.file).equals(before)).toBe(true);
    expect(readdirSync(stand.folder)).toEqual(names);
  });
});

describe('agent-vault audit prune', () => {
  const before = ['--before', '2026-01-02T03:05:05Z'];
  const old = (): number => stored().filter(({ timestamp }) => String(timestamp) < '2026-01-02T03:05:05').length;

  it('removes the oldest rows, after which the log is intact', async () => {
    const [count, rows] = [old(), stored().length];
    const { code, stdout } = await stand.run('audit', 'prune', ...before, '--yes');
    expect([code, stdout]).toEqual([0, `removed: ${count} rows, 1 decision\n`]);
    expect(stored().map(({ id }) => id)).toEqual(Array.from({ length: rows + 1 - count }, (_, at) => count + 1 + at));
    const verified = await stand.run('audit', 'verify', '--anchors', join(stand.folder, 'anchors.txt'), '--json');
    expect(JSON.parse(verified.stdout)).toMatchObject({ problems: [], pruned: count });
  });

  it('removes nothing where nobody can be asked', async () => {
    const { code, stderr } = await stand.run('audit', 'prune', ...before);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`this would remove ${old()} rows`)]);
    expect(stored()[0]).toMatchObject({ id: 1 });
  });

  it('removes nothing after a no at the terminal', async () => {
    const env = { PATH: process.env['PATH'] ?? '', AGENT_VAULT_STATE: stand.world.stateFolder };
    const terminal = new Pty(['audit', 'prune', ...before], { cwd: stand.folder, env });
    await terminal.shows(/Remove them\?/u);
    terminal.type('no');
    expect(await terminal.ended).toBe(1);
    expect(stored()[0]).toMatchObject({ id: 1 });
  });
});
