import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainSqlite } from '../audit/stored.ts';
import { tap, TestVault } from '../support/vault.ts';
import { blocksIn, sectionOf, textOf } from './markdown.ts';

const commands = blocksIn(sectionOf(textOf('README.md'), '## Audit log'), 'sh').map((block) => block.trim());
const queries = commands.flatMap((command) => /^sqlite3 -box agent-vault\.db "(.+)"$/u.exec(command)?.[1] ?? []);
const columns = 'timestamp, action, vault, secret_name, agent, reason';

let vault: TestVault;
/** What the query that selects this prints. */
const answerTo = (select: string): string[] =>
  plainSqlite(vault.database, queries.find((query) => query.startsWith(`SELECT ${select}`)) ?? 'no such query');

/** A real log: approved, read again in the window, denied, refused. */
beforeAll(async () => {
  vault = await TestVault.open({ config: { vaults: { local: { type: 'env', file: '.env.secrets', ttl: 30 } } } });
  const client = await vault.connect({ name: 'claude-code' });
  const approved = client.get('API_KEY', 'run the migration');
  await tap(await client.link(1));
  await approved;
  await client.get('API_KEY', 'run it again');
  const denied = client.get('OTHER', 'just looking');
  await tap(await client.link(2), 'deny');
  await denied;
  await client.get('NO_SUCH_NAME', 'just looking');
  await client.close();
}, 30_000);
afterAll(() => vault.close());

describe('the queries of the README', () => {
  it('are the only commands there, but for the copy, and mean the same in every shell', () => {
    expect(queries.length).toBe(6);
    expect(commands.length).toBe(queries.length + 1);
    for (const query of queries) expect(query).not.toMatch(/["$`\\!]/u);
  });

  it('show the last rows, newest first', () => {
    const rows = answerTo(columns).map((row) => row.split('|').slice(1, 4).join(' '));
    expect(rows).toEqual([
      'refused local NO_SUCH_NAME',
      'denied local OTHER',
      'requested local OTHER',
      'auto_approved local API_KEY',
      'released local API_KEY',
      'approved local API_KEY',
      'requested local API_KEY',
    ]);
  });

  it('show what reached an agent', () => {
    expect(answerTo('vault, secret_name, agent')).toEqual([
      expect.stringMatching(/^local\|API_KEY\|claude-code 1\.0\|2\|\d{4}-/u),
    ]);
  });

  it('show the approval behind each read that nobody was asked for', () => {
    expect(answerTo('used.timestamp')).toEqual([
      expect.stringMatching(/^[^|]+\|API_KEY\|run it again\|[^|]+\|link holder\|run the migration$/u),
    ]);
  });

  it('show who was told no', () => {
    expect(answerTo('agent, action').sort()).toEqual([
      'claude-code 1.0|denied|local|OTHER|1',
      'claude-code 1.0|refused|local|NO_SUCH_NAME|1',
    ]);
  });

  it('show how long people took', () => {
    const rows = answerTo('asked.request_id');
    expect(rows.map((row) => row.split('|').slice(1, 3).join(' ')).sort()).toEqual([
      'API_KEY approved',
      'OTHER denied',
    ]);
    for (const row of rows) expect(Number(row.split('|')[3])).toBeGreaterThanOrEqual(0);
  });

  it('show a row that does not link to the one before, and nothing else', () => {
    expect(answerTo('later.id')).toEqual([]);
    const columnsOfAudit = '"timestamp", secret_name, reason, "action", vault, operation, "session", agent, prev_hash, hash';
    plainSqlite(vault.database, `INSERT INTO audit (${columnsOfAudit}) SELECT ${columnsOfAudit} FROM audit WHERE id = 3`);
    expect(answerTo('later.id')).toEqual(['8']);
  });
});
