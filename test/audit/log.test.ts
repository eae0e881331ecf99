import { existsSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/core/canonical.ts';
import { openAudit } from '../../src/audit/log.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { plainSqlite, readAll, withDatabase } from './stored.ts';
import { opened, row, temporaryFile, verified } from './support.ts';

describe('the audit log', () => {
  test('opens nothing before its first row', async () => {
    const file = temporaryFile();
    const { audit } = opened(file);
    await audit.close();
    expect(existsSync(file)).toBe(false);
  });

  test('stores a row as it was given, the columns of the proof of concept first', async () => {
    const file = temporaryFile();
    const { audit } = opened(file);
    const all = row({
      ttlExpiresAt: '2026-11-20T04:55:00.000Z',
      approver: 'owner',
      factor: 'link',
      detail: { b: 1, a: ['ü\n'] },
    });
    const [written] = await audit.append([all]);
    const [stored] = readAll(file);
    expect(Object.keys(stored!).join()).toBe(
      'id,timestamp,secret_name,reason,action,scope,ttl_expires_at,vault,operation,request_id,session,agent,approver,factor,detail,prev_hash,hash',
    );
    expect(stored).toEqual({
      id: 1,
      timestamp: all.timestamp,
      secret_name: all.secretName,
      reason: all.reason,
      action: all.action,
      scope: 'secret',
      ttl_expires_at: all.ttlExpiresAt,
      vault: 'dev',
      operation: 'read',
      request_id: 'request-1',
      session: 'session-1',
      agent: 'some-client 1.0',
      approver: 'owner',
      factor: 'link',
      detail: '{"a":["ü\\n"],"b":1}',
      prev_hash: '0'.repeat(64),
      hash: written!.hash,
    });
    expect(written).toEqual({ ...all, seq: 1, hash: stored!['hash'] });
  });

  test('hashes the RFC 8785 array of all other columns, in their order', async () => {
    const file = temporaryFile();
    await opened(file).audit.append([row(), row({ reason: 'a second "one"' })]);
    const [first, second] = readAll(file);
    const { hash, ...others } = second!;
    expect(others['prev_hash']).toBe(first!['hash']);
    expect(hash).toBe(sha256(JSON.stringify(Object.values(others))));
  });

  test('numbers rows without gaps in the order of the calls, also those of one turn', async () => {
    const file = temporaryFile();
    const { audit } = opened(file);
    const names = Array.from({ length: 60 }, (_, at) => `NAME_${at}`);
    const first = names.slice(0, 30).map((secretName) => audit.append([row({ secretName }), row({ secretName })]));
    const written = [
      ...(await Promise.all(first)),
      ...(await Promise.all(names.slice(30).map((secretName) => audit.append([row({ secretName })])))),
    ];
    expect(written.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: 90 }, (_, at) => at + 1));
    expect(written.map((rows) => rows[0]!.secretName)).toEqual(names);
    expect(verified(file)).toMatchObject({ ok: true, count: 90, head: written.at(-1)!.at(-1)!.hash });
  });

  test('goes on where another run stopped', async () => {
    const file = temporaryFile();
    const before = opened(file).audit;
    await before.append([row()]);
    await before.close();
    const [next] = await opened(file).audit.append([row()]);
    expect(next!.seq).toBe(2);
    expect(verified(file)).toMatchObject({ ok: true, count: 2 });
  });

  test('keeps the decision beside its rows, each with its hash', async () => {
    const file = temporaryFile();
    const decision = { requestId: 'request-1', body: '{"approve":true}', assertion: null };
    const rows = [row({ action: 'approved', detail: { note: 'ok' } }), row({ action: 'approved' })];
    const written = await opened(file).audit.append(rows, decision);
    expect(readAll(file, 'decisions')).toEqual([
      { request_id: 'request-1', body: '{"approve":true}', assertion: null },
    ]);
    const link = sha256(decision.body);
    expect(written.map(({ detail }) => detail)).toEqual([{ note: 'ok', decision: link }, { decision: link }]);
    expect(readAll(file).map(({ detail }) => detail)).toEqual([
      `{"decision":"${link}","note":"ok"}`,
      `{"decision":"${link}"}`,
    ]);
  });

  test('writes neither row nor decision if the request was decided before', async () => {
    const file = temporaryFile();
    const { audit, committed } = opened(file);
    const decision = { requestId: 'request-1', body: '{}', assertion: null };
    await audit.append([row({ action: 'approved' })], decision);
    await expect(audit.append([row({ action: 'denied' })], decision)).rejects.toMatchObject({
      failure: 'audit_unavailable',
    });
    expect(readAll(file)).toHaveLength(1);
    expect(committed).toHaveLength(1);
  });

  test('refuses a row that no database could hold, and not its neighbours', async () => {
    const file = temporaryFile();
    const { audit, lines } = opened(file);
    const results = await Promise.allSettled([
      audit.append([row()]),
      audit.append([row({ reason: 'half a pair \ud83d' })]),
      audit.append([row({ detail: { number: Number.NaN } })]),
      audit.append([row()]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(verified(file)).toMatchObject({ ok: true, count: 2 });
    expect(lines.join('')).toContain('a lone surrogate');
  });

  test('passes committed rows on, one call per append, before the caller hears of them', async () => {
    const { audit, committed } = opened(temporaryFile());
    const seen: number[] = [];
    const first = audit.append([row(), row()]).then(() => seen.push(committed.length));
    const second = audit.append([row()]).then(() => seen.push(committed.length));
    await Promise.all([first, second]);
    expect(committed.map((rows) => rows.map(({ seq }) => seq))).toEqual([[1, 2], [3]]);
    expect(seen).toEqual([2, 2]);
  });

  test('stands by its commit when passing on fails', async () => {
    const file = temporaryFile();
    const lines: string[] = [];
    const onCommitted = (): never => {
      throw new Error('sink');
    };
    const audit = openAudit({
      file: { path: file, followLinks: true },
      clock: systemClock,
      log: createLog((text) => lines.push(text)),
      onCommitted,
    });
    await expect(audit.append([row()])).resolves.toHaveLength(1);
    await audit.close();
    expect(lines.join('')).toContain('could not be passed on');
  });

  test('finishes what waits when it is closed, and takes nothing afterwards', async () => {
    const file = temporaryFile();
    const { audit } = opened(file);
    const last = audit.append([row()]);
    await audit.close();
    await expect(last).resolves.toHaveLength(1);
    await expect(audit.append([row()])).rejects.toMatchObject({ failure: 'audit_unavailable' });
    expect(readAll(file)).toHaveLength(1);
  });

  test('keeps the file and its companions to their owner', async () => {
    const file = temporaryFile();
    await opened(file).audit.append([row()]);
    for (const each of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(each).mode & 0o777).toBe(0o600);
  });

  test('is readable with plain sqlite3, newest first, through an index', async () => {
    const file = temporaryFile();
    const { audit } = opened(file);
    await audit.append([row({ secretName: 'OLD' })]);
    await audit.append([
      row({ secretName: 'NEW', timestamp: '2026-11-20T04:41:00.000Z' }),
      row({ secretName: 'NEWEST', timestamp: '2026-11-20T04:41:00.000Z' }),
    ]);
    const query = 'SELECT * FROM audit ORDER BY timestamp DESC LIMIT 20';
    const shown = plainSqlite(file, query);
    expect(shown.map((line) => line.split('|')[2])).toEqual(['NEWEST', 'NEW', 'OLD']);
    const plan = withDatabase(file, (database) =>
      JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${query}`).all()),
    );
    expect(plan).toContain('USING INDEX audit_by_time');
    expect(plan).not.toContain('TEMP B-TREE');
  });

  test('is append-only to whoever goes through SQLite', async () => {
    const file = temporaryFile();
    await opened(file).audit.append([row()], { requestId: 'request-1', body: '{}', assertion: null });
    const attempts = [
      `UPDATE audit SET reason = 'other'`,
      'DELETE FROM audit',
      'INSERT OR REPLACE INTO audit SELECT * FROM audit',
      `UPDATE decisions SET body = 'other'`,
      'DELETE FROM decisions',
      `INSERT OR REPLACE INTO decisions VALUES ('request-1', 'other', NULL)`,
    ];
    for (const sql of attempts)
      expect(() => withDatabase(file, (database) => database.exec(sql))).toThrow('append-only');
  });

  test('shows a row that was inserted by hand as the end of the good chain', async () => {
    const file = temporaryFile();
    const { audit } = opened(file);
    await audit.append([row()]);
    const forged = `INSERT INTO audit SELECT 2, timestamp, 'FORGED', reason, 'approved', scope, ttl_expires_at, vault, operation,
      request_id, session, agent, approver, factor, detail, hash, hash FROM audit`;
    plainSqlite(file, forged);
    await audit.append([row()]);
    expect(verified(file)).toEqual({ ok: false, row: 2, problem: 'hash' });
  });
});
