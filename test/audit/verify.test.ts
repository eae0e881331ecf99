import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parseAnchors } from '../../src/audit/anchors.ts';
import type { Report } from '../../src/audit/report.ts';
import { verifyExitCodes } from '../../src/audit/report.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import type { AuditRow, DecisionRecord } from '../../src/core/audit-row.ts';
import { canonical } from '../../src/core/canonical.ts';
import type { Json } from '../../src/core/canonical.ts';
import { versions } from '../../src/store/schema.ts';
import { LivedWorld } from './lived.ts';
import { sampleLog } from './sample.ts';
import { readAll, withDatabase } from './stored.ts';
import { Appender, opened, row, temporaryFile, temporaryFolder } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('checking a log', () => {
  test('has an exit code for each of its outcomes', () => {
    expect(verifyExitCodes).toEqual({ intact: 0, tampered: 1, unreadable: 2, unanchored: 3 });
  });

  test('says how many rows nobody else has a copy of', async () => {
    const world = await LivedWorld.open();
    await world.real.append([row({ action: 'refused', requestId: null, timestamp: at(world.clock.wall()) })]);
    await world.end();
    const anchors = parseAnchors(readFileSync(join(dirname(world.file), 'anchors.txt'), 'utf8'), await world.keys());
    expect(await world.verify({ anchors })).toMatchObject({ kind: 'intact', unanchored: 0, anchors: 1, limits: [] });
    const more = [1, 2, 3].map(() => row({ action: 'refused', requestId: null, timestamp: at(world.clock.wall()) }));
    await world.real.append(more);
    const report = await world.verify({ anchors });
    expect(report).toMatchObject({ kind: 'unanchored', unanchored: 3, uncovered: 3 });
    expect(report.limits.join('\n')).toMatch(/3 rows after the last anchor[^]*No checkpoint covers 3 rows at the end/u);
  });

  test('works while servers write, and sees one moment', async () => {
    const file = temporaryFile();
    const appender = await Appender.start(file);
    appender.tell('append 100000');
    for (let said = 0; said < 50; said += 1) await appender.line();
    for (let time = 0; time < 5; time += 1) {
      const report = await verifyLog(file, { keys: [] });
      expect(report.problems.every(({ what }) => what === 'life')).toBe(true);
      expect(report.rows).toBe(report.last);
    }
    await appender.kill();
  });

  test('changes no byte, and leaves nothing beside the file', async () => {
    const { file, keys } = await sampleLog();
    const folder = temporaryFolder();
    const copy = join(folder, 'copy.db');
    copyFileSync(file, copy);
    const before = readFileSync(copy);
    expect((await verifyLog(copy, { keys })).kind).toBe('unanchored');
    expect([readdirSync(folder), readFileSync(copy).equals(before)]).toEqual([['copy.db'], true]);
  });

  test('works where nothing can be written', async () => {
    const { file, keys } = await sampleLog();
    const folder = temporaryFolder();
    const copy = join(folder, 'copy.db');
    copyFileSync(file, copy);
    chmodSync(copy, 0o444);
    chmodSync(folder, 0o555);
    // Root writes everywhere, so there the process becomes nobody; by then it has read the packages.
    const child = `
      await import('better-sqlite3');
      const { verifyLog } = await import(${JSON.stringify(new URL('../../src/audit/verify.ts', import.meta.url))});
      if (process.getuid() === 0) process.setuid(65534);
      const { kind, why, rows } = await verifyLog(process.argv[1], { keys: [] });
      process.stdout.write([kind, why, rows].join());`;
    const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', child, copy], options);
    chmodSync(folder, 0o700);
    expect(stdout).toBe(`tampered,,${readAll(file).length}`);
    expect((await verifyLog(copy, { keys })).kind).toBe('unanchored');
  });

  test('tells how far it is', async () => {
    const { file, keys } = await sampleLog();
    const told: number[] = [];
    await verifyLog(file, { keys, onProgress: (rows) => told.push(rows) });
    expect(told.at(-1)).toBe(readAll(file).length);
  });

  test.each<[string, (file: string) => void, string]>([
    ['is not there', () => undefined, 'unable to open database file'],
    ['is a folder', (file) => mkdirSync(file), 'unable to open database file'],
    ['is a text', (file) => writeFileSync(file, 'no database, but text'.repeat(100)), 'file is not a database'],
    ['is empty', (file) => writeFileSync(file, ''), 'it is empty'],
    [
      'is of another program',
      (file) => withDatabase(file, (it) => void it.exec('CREATE TABLE x (y)')),
      'another program',
    ],
    [
      'is of the proof of concept',
      (file) =>
        withDatabase(file, (it) => {
          it.exec('CREATE TABLE audit (id, secret_name, reason, action, scope, ttl_expires_at, timestamp, vault)');
        }),
      'the proof of concept',
    ],
  ])('says why it cannot be read if it %s', async (_, make, why) => {
    const file = temporaryFile();
    make(file);
    expect(await verifyLog(file, { keys: [] })).toMatchObject({
      kind: 'unreadable',
      why: expect.stringContaining(why),
    });
  });

  test('cannot read what a newer version has made, nor a file that is torn', async () => {
    const { file, keys } = await sampleLog();
    const bytes = readFileSync(file);
    withDatabase(file, (database) => void database.pragma('user_version = 99'));
    expect(await verifyLog(file, { keys })).toMatchObject({
      kind: 'unreadable',
      why: expect.stringContaining('version 99'),
    });
    bytes.fill(0xff, 8192, 24_000);
    const torn = join(temporaryFolder(), 'torn.db');
    writeFileSync(torn, bytes);
    expect(['tampered', 'unreadable']).toContain((await verifyLog(torn, { keys })).kind);
  });

  test('takes a log of the first release, which has no checkpoints, for what it is', async () => {
    const { file } = await sampleLog();
    withDatabase(file, (database) => {
      database.exec('DROP INDEX audit_by_request; DROP INDEX outbox_by_endpoint');
      for (const [name, sql] of versions[1]!) {
        if (sql.startsWith('CREATE TABLE')) database.exec(`DROP TABLE ${name}`);
      }
      database.pragma('user_version = 0');
    });
    const rows = readAll(file).length;
    expect(await verifyLog(file, { keys: [] })).toMatchObject({
      kind: 'unanchored',
      problems: [],
      rows,
      checkpoints: 0,
    });
    withDatabase(file, (database) => database.exec('DROP TRIGGER audit_no_update'));
    expect((await verifyLog(file, { keys: [] })).problems).toMatchObject([{ row: null, what: 'schema' }]);
  });

  test('notices an index that does not say what its table says', async () => {
    const { file, keys } = await sampleLog();
    withDatabase(file, (database) => {
      database.unsafeMode();
      database.pragma('writable_schema = ON');
      const change = (sql: string): string => `UPDATE sqlite_schema SET sql = ${sql} WHERE name = 'audit_by_time'`;
      database.exec(change(`'CREATE INDEX audit_by_time ON audit (reason)'`));
    });
    withDatabase(file, (database) => database.exec('REINDEX audit_by_time'));
    withDatabase(file, (database) => {
      database.unsafeMode();
      database.pragma('writable_schema = ON');
      database.exec(
        `UPDATE sqlite_schema SET sql = 'CREATE INDEX audit_by_time ON audit (timestamp)' WHERE name = 'audit_by_time'`,
      );
    });
    expect((await verifyLog(file, { keys })).problems).toMatchObject([
      { row: null, what: 'schema', says: expect.stringContaining('audit_by_time') },
    ]);
  });
});

function at(wall: number): string {
  return new Date(wall).toISOString();
}

const start = Date.UTC(2026, 10, 20, 4, 40);

type Changes = Partial<AuditRow>;

/** Rows of one request for A, as the broker writes them, with what an attacker who knows the rules can make of them. */
class Story {
  readonly entries: { rows: AuditRow[]; decision?: DecisionRecord }[] = [];
  #seconds = 0;

  #row(action: AuditRow['action'], changes: Changes): AuditRow {
    this.#seconds += 1;
    const timestamp = at(start + this.#seconds * 1_000);
    return row({ action, secretName: 'A', reason: 'because', timestamp, requestId: 'r1', ...changes });
  }

  requested(changes: Changes = {}): this {
    const detail = { tool: 'get_secret', expiresAt: at(start + 300_000), pid: 1, host: 'h' };
    return this.put(this.#row('requested', { detail, ...changes }));
  }

  /** @param body what of the decision is another than the row says */
  decided(action: 'approved' | 'denied', changes: Changes = {}, body: Record<string, Json> = {}): this {
    const approved = action === 'approved';
    const made = this.#row(action, { approver: 'Anna’s phone', factor: 'link', ...changes });
    const windowMs = made.ttlExpiresAt === null ? 0 : Date.parse(made.ttlExpiresAt) - Date.parse(made.timestamp);
    const { session, agent, vault, operation, reason, scope } = made;
    const secrets = [{ id: 'A', name: made.secretName }];
    const common = { version: 2, request: made.requestId, approve: approved, secrets, refused: [], windowMs };
    const decision = {
      requestId: made.requestId ?? '',
      body: canonical({ ...common, session, agent, vault, operation, reason, scope, ...body }),
      assertion: null,
    };
    this.entries.push({ rows: [made], decision });
    return this;
  }

  approved(changes: Changes = {}, body: Record<string, Json> = {}): this {
    return this.decided('approved', { ttlExpiresAt: at(start + 62_000), ...changes }, body);
  }

  released(changes: Changes = {}): this {
    const by = { approver: 'Anna’s phone', factor: 'link', ttlExpiresAt: at(start + 62_000) };
    return this.put(this.#row('released', { ...by, ...changes }));
  }

  passed(changes: Changes = {}): this {
    const window = { detail: { window: 'r1' }, ttlExpiresAt: at(start + 62_000), requestId: null };
    return this.put(this.#row('auto_approved', { ...window, ...changes }));
  }

  other(action: AuditRow['action'], changes: Changes = {}): this {
    return this.put(this.#row(action, changes));
  }

  put(...rows: AuditRow[]): this {
    this.entries.push({ rows });
    return this;
  }

  async check(): Promise<Report> {
    const file = temporaryFile();
    const { audit } = opened(file);
    for (const { rows, decision } of this.entries) await audit.append(rows, decision);
    await audit.close();
    return verifyLog(file, { keys: [] });
  }
}

const story = (): Story => new Story();
const later = (seconds: number): Changes => ({ timestamp: at(start + seconds * 1_000) });

describe('rows with every hash right that tell', () => {
  test('what a broker does are no problem', async () => {
    const honest = story().requested().approved().released().passed().passed(later(61)).other('failed', later(62));
    expect((await honest.check()).problems).toEqual([]);
  });

  test('who became an approver, who is one no longer, and what config was approved are no problem', async () => {
    const change = (action: 'paired' | 'unpaired', requestId: string): AuditRow => {
      const none = { secretName: '', vault: '', operation: '', session: '', agent: '', reason: '', scope: null };
      return row({ action, requestId, ...none, timestamp: at(start), detail: { id: 'x' } });
    };
    const told = story().put(change('paired', 'change-1'));
    told.entries.push({
      rows: [change('unpaired', 'change-2')],
      decision: { requestId: 'change-2', body: '{"version":1}', assertion: '{}' },
    });
    told.requested().approved();
    told.entries
      .at(-1)!
      .rows.push(row({ action: 'config_approved', requestId: null, timestamp: at(start), detail: { request: 'r1' } }));
    expect((await told.check()).problems).toEqual([]);
  });

  test.each<[string, Story, string]>([
    ['of a release that nobody asked for', story().released(), 'without an approval that still held'],
    ['of a release that nobody approved', story().requested().released(), 'without an approval of this name'],
    [
      'of a release that was denied',
      story().requested().decided('denied').released(),
      'without an approval of this name',
    ],
    [
      'of a release in no request',
      story().requested().approved().released({ requestId: null }),
      'without an approval that',
    ],
    [
      'of another name',
      story().requested().approved().released({ secretName: 'B' }),
      'without an approval of this name',
    ],
    [
      'of another secret under the same name',
      story()
        .requested()
        .approved()
        .released({ detail: { secretId: 'B' } }),
      'without an approval of this name',
    ],
    ['of another session', story().requested().approved().released({ session: 'other' }), 'another session'],
    ['of another vault', story().requested().approved().released({ vault: 'prod' }), 'another vault'],
    ['of another approver', story().requested().approved().released({ approver: 'Bob' }), 'another approver'],
    [
      'of a longer window',
      story()
        .requested()
        .approved()
        .released({ ttlExpiresAt: at(start + 99_000) }),
      'another window',
    ],
    ['of a release long after', story().requested().approved().released(later(302)), 'after the approval had lapsed'],
    ['of a release after it had lapsed', story().requested().approved().other('lapsed').released(), 'had lapsed'],
    ['of an approval without a request', story().approved(), 'never asked for'],
    ['of an approval of another name', story().requested().approved({ secretName: 'B' }), 'never asked for'],
    ['of an approval after a withdrawal', story().requested().other('withdrawn').approved(), 'had been withdrawn'],
    [
      'of an approval after the expiry',
      story()
        .requested()
        .approved({ ...later(302), ttlExpiresAt: null }),
      'had expired',
    ],
    ['of a second request of the same id', story().requested().approved().requested(), 'a request that was over'],
    [
      'of a second decision',
      story().requested().approved().released().put(approvedAgain()),
      'its request was decided a second time',
    ],
  ])('%s are one', async (_, told, saying) => {
    const { kind, problems } = await told.check();
    expect([kind, problems.map(({ says }) => says).join('; ')]).toEqual(['tampered', expect.stringContaining(saying)]);
  });

  const reading = (): Story => story().requested().approved().released();
  test.each<[string, Story, string]>([
    ['that is not known', reading().passed({ detail: { window: 'r2' } }), 'a window that is not known'],
    ['that nobody named', reading().passed({ detail: null }), 'a window that is not known'],
    ['that was not opened', story().requested().approved().passed(), 'was not open for this name'],
    ['that nobody approved', story().requested().passed(), 'nobody approved'],
    ['of another name', reading().passed({ secretName: 'B' }), 'was not open for this name'],
    ['of another session', reading().passed({ session: 'other' }), 'another session or vault'],
    ['of another vault', reading().passed({ vault: 'prod' }), 'another session or vault'],
    ['that ends later', reading().passed({ ttlExpiresAt: at(start + 99_000) }), 'ends at another time'],
    ['that is over', reading().passed(later(64)), 'after its window had ended'],
    ['that was closed', reading().other('window_closed').passed(), 'was not open for this name'],
    [
      'on a name that was denied since',
      reading().requested({ requestId: 'r2' }).decided('denied', { requestId: 'r2' }).passed(later(20)),
      'denied since',
    ],
    [
      'of an approval for once',
      story()
        .requested()
        .approved({ ttlExpiresAt: null })
        .released({ ttlExpiresAt: null })
        .passed({ ttlExpiresAt: null }),
      'ends at another time',
    ],
  ])('of a read through a window %s are one', async (_, told, saying) => {
    const { kind, problems } = await told.check();
    expect([kind, problems.map(({ says }) => says).join('; ')]).toEqual(['tampered', expect.stringContaining(saying)]);
  });

  test.each<[string, Story, string]>([
    ['who asked', story().requested().approved({}, { session: 'other' }), 'its session'],
    ['what for', story().requested().approved({}, { reason: 'other' }), 'its reason'],
    [
      'which name',
      story()
        .requested()
        .approved({}, { secrets: [{ id: 'B', name: 'B' }] }),
      'its name',
    ],
    ['how long', story().requested().approved({}, { windowMs: 1_000 }), 'its ttl'],
    ['whether', story().requested().approved({}, { approve: false }), 'its action'],
    ['about what', story().requested().approved({}, { request: 'r2' }), 'its request'],
    ['how wide', story().requested().approved({}, { scope: 'vault' }), 'its scope'],
    ['that at all', story().requested().put(approvedAgain()), 'what was decided is missing'],
    ['by a passkey', story().requested().approved({ factor: 'passkey' }), 'there is no signature'],
  ])('of a decision that did not say %s are one', async (_, told, saying) => {
    const { kind, problems } = await told.check();
    expect([kind, problems.map(({ says }) => says).join('; ')]).toEqual(['tampered', expect.stringContaining(saying)]);
  });

  test('of a time that goes back by more than a minute are one', async () => {
    const back = (seconds: number): Story =>
      story()
        .other('refused', later(100))
        .other('refused', later(100 - seconds));
    expect((await back(60).check()).problems).toEqual([]);
    expect((await back(61).check()).problems).toMatchObject([
      { row: 2, what: 'time', says: expect.stringContaining('61 s') },
    ]);
    const odd = story().other('refused', { timestamp: 'yesterday' });
    expect((await odd.check()).problems).toMatchObject([{ row: 1, what: 'time' }]);
  });

  test('things whose names are traps for a program are no more than names', async () => {
    const trap = { action: 'constructor' as AuditRow['action'], requestId: '__proto__', secretName: '__proto__' };
    const told = story()
      .other('refused', trap)
      .requested({ requestId: '__proto__' })
      .approved({ requestId: '__proto__' });
    expect((await told.check()).problems).toEqual([]);
  });
});

/** With the decision of another row. */
function approvedAgain(): AuditRow {
  const detail = { decision: 'ab'.repeat(32) };
  return row({ action: 'approved', secretName: 'A', requestId: 'r1', timestamp: at(start + 5_000), detail });
}
