import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAudit } from '../../src/audit/log.ts';
import { eventRow } from '../../src/core/rows.ts';
import { checkDatabase } from '../../src/doctor/database.ts';
import { systemClock } from '../../src/platform/clock.ts';

const quiet = { say: () => undefined, warn: () => undefined, once: () => undefined };

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-doctor-'));
  path = join(folder, 'agent-vault.db');
});
afterEach(() => rm(folder, { recursive: true }));

async function makeLog(rows = 3): Promise<void> {
  const audit = openAudit({
    file: { path, followLinks: false },
    clock: systemClock,
    log: quiet,
    onCommitted: () => undefined,
  });
  const approver = { name: 'x', factor: 'link' } as const;
  for (let at = 0; at < rows; at += 1) await audit.append([eventRow('reset', { at, approver, detail: {} })]);
  await audit.close();
}

/** What an intruder does: past our triggers, and back in place. */
function tamper(work: (database: Database.Database) => void): void {
  const database = new Database(path);
  work(database);
  database.close();
}

async function told(): Promise<string> {
  const findings = await checkDatabase({ path, followLinks: false }, folder);
  return findings.map(({ level, says }) => `${level}: ${says}`).join('\n');
}

/** Names, bytes and modes of everything that lies there. */
function picture(): string {
  const files = readdirSync(folder).sort();
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return files.map((name) => `${name} ${statSync(join(folder, name)).mode} ${hash(name)}`).join('\n');
}

describe('a database', () => {
  it('that does not exist is not made', async () => {
    expect(await told()).toMatch(/^ok: .* does not exist yet/u);
    expect(existsSync(path)).toBe(false);
  });

  it('that is whole is called so, and nothing of it changes', async () => {
    await makeLog();
    const before = picture();
    const text = await told();
    expect(text).toContain('ok: 3 rows, the chain of hashes is whole');
    expect(text).toContain('write-ahead log');
    expect(text).toContain('can be read by its owner only');
    expect(text).not.toMatch(/problem/u);
    expect(picture()).toBe(before);
  });

  it('is read while a server has it open, with what is in its write-ahead log', async () => {
    await makeLog(1);
    const audit = openAudit({
      file: { path, followLinks: false },
      clock: systemClock,
      log: quiet,
      onCommitted: () => undefined,
    });
    await audit.append([eventRow('reset', { at: 0, approver: { name: 'x', factor: 'link' }, detail: {} })]);
    expect(await told()).toContain('2 rows, the chain of hashes is whole');
    await audit.close();
  });

  it('with a changed row is a problem, and the row is named', async () => {
    await makeLog();
    tamper((database) => {
      const trigger = database.prepare(`SELECT sql FROM sqlite_schema WHERE name = 'audit_no_update'`).pluck().get();
      database.exec('DROP TRIGGER audit_no_update');
      database.exec(`UPDATE audit SET reason = 'other' WHERE id = 2`);
      database.exec(String(trigger));
    });
    expect(await told()).toMatch(/^problem: row 2: /mu);
  });

  it('without one of its triggers is a problem', async () => {
    await makeLog();
    tamper((database) => database.exec('DROP TRIGGER audit_no_delete'));
    expect(await told()).toMatch(/problem: .*audit_no_delete/u);
  });

  it('that others can read is noted', async () => {
    await makeLog();
    chmodSync(path, 0o644);
    expect(await told()).toContain('has mode 0644');
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  it.each([
    ['of another program', () => new Database(path).exec('CREATE TABLE other (x)').close(), 'another program'],
    ['that is none', () => writeFileSync(path, 'x'.repeat(10_000)), 'cannot be read as a database'],
    ['that is a link', () => symlinkSync('/etc/hostname', path), 'symbolic link'],
  ] as [string, () => unknown, string][])('%s is a problem', async (_what, make, says) => {
    make();
    const before = picture();
    expect(await told()).toMatch(new RegExp(`^problem: .*${says}`, 'mu'));
    expect(picture()).toBe(before);
  });
});
