import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Evidence, Verdict } from '../../src/approvers/evidence.ts';
import { verifyDecision } from '../../src/approvers/evidence.ts';
import { parseApprovers } from '../../src/approvers/records.ts';
import { columns, rowHash } from '../../src/audit/chain.ts';
import { readAll } from '../audit/stored.ts';
import { domain, localOf } from '../support/internet.ts';
import { Owner, phoneName } from '../support/owner.ts';
import { removeAtTerminal, resetAtTerminal } from '../support/pairing.ts';
import type { TestClient, TestVault } from '../support/vault.ts';
import { canary, forcedApproval } from '../support/vault.ts';

let owner: Owner;
let vault: TestVault;
let client: TestClient;

beforeAll(async () => {
  owner = await Owner.open();
}, 60_000);
afterAll(() => owner.close());
beforeEach(async () => {
  vault = await owner.openVault({ config: { vaults: { local: { type: 'env', file: '.env.secrets', ttl: 15 } } } });
  client = await vault.connect();
});
afterEach(async () => {
  await client.close();
  await vault.close();
});

const heading = (): Promise<string | null> => owner.page.locator('h1').textContent();

/** Chooses how long an approval counts. */
function length(words: string): (page: Page) => Promise<void> {
  return async (page) => {
    await page.tap('#then summary');
    await page.locator('#then label', { hasText: words }).first().tap();
  };
}

const getBoth = () =>
  client.call('get_secrets', { vault: 'local', names: ['API_KEY', 'OTHER'], reason: 'a test of both' });

/** Approves the first of two names for 5 minutes. */
async function approveOneOfTwo() {
  const read = getBoth();
  await owner.decide(await client.link(1), 'approve', async (page) => {
    await page.locator('.names label').nth(1).tap();
    await length('5 minutes')(page);
  });
  return read;
}

describe('somebody with a paired phone', { timeout: 60_000 }, () => {
  it('approves once with the passkey, and the next read asks again', async () => {
    const first = client.get();
    const link = await client.link(1);
    expect(new URL(link).origin).toBe(`https://${domain}`);
    await owner.decide(link, 'approve', length('Once'));
    expect(await heading()).toBe('Approved');
    expect((await first).text).toBe(canary);
    expect(vault.rows().find(({ action }) => action === 'approved')).toMatchObject({
      approver: phoneName,
      factor: 'passkey',
      ttl_expires_at: null,
    });
    const second = client.get();
    await owner.decide(await client.link(2), 'deny');
    expect((await second).text).toMatch(/^denied:/u);
  });

  it('denies without the passkey', async () => {
    const passkeys = await owner.device.uses();
    const read = client.get();
    await owner.decide(await client.link(), 'deny', async (page) => {
      await page.tap('.more summary');
      await page.fill('#note', 'Not today.');
    });
    expect(await heading()).toBe('Denied');
    expect((await read).text).toMatch(/^denied: the person said no: "Not today\."/u);
    expect(await owner.device.uses()).toBe(passkeys);
  });

  it('approves a part for 5 minutes: the agent gets that, and hears what was refused', async () => {
    const { result } = await approveOneOfTwo();
    expect(await heading()).toBe('Approved in part');
    expect(result.content).toMatchObject([
      { text: JSON.stringify({ API_KEY: canary }, null, 2) },
      { text: expect.stringMatching(/^refused: .*OTHER/u) },
    ]);
    expect((await client.get('API_KEY', 'within the 5 minutes')).text).toBe(canary);
    expect((await client.get('OTHER')).text).toContain('ask the person before you try again');
    await owner.page.tap('.lift');
    await owner.page.locator('.cooling').waitFor({ state: 'detached' });
    const again = client.get('OTHER');
    await owner.decide(await client.link(2), 'approve');
    expect((await again).text).toBe(`${canary}-2`);
  });

  it('ends a window from the home page, after signing in with the passkey', async () => {
    await approveOneOfTwo();
    const { page } = owner;
    await page.goto(`https://${domain}/`);
    expect(await page.locator('#board').count()).toBe(0);
    await page.tap('button.approve');
    await page.locator('#end-all').waitFor();
    expect(await page.locator('.rows').first().innerText()).toContain('API_KEY');
    await page.tap('.end-one');
    await page.getByText('1 window ended.').waitFor();
    expect(vault.actions()).toContain('window_closed API_KEY');
    const read = client.get();
    await page.locator('.card.ask').tap();
    await page.tap('.deny');
    expect((await read).text).toMatch(/^denied:/u);
  });
});

describe('once the phone was removed', { timeout: 60_000 }, () => {
  it('nothing can be approved any more, by nobody', async () => {
    await removeAtTerminal(vault, phoneName, (url) => owner.tapAt(url));
    const read = client.get();
    await owner.page.goto(await client.link());
    expect(await owner.page.locator('.way-out').innerText()).toMatch(/Nothing can be approved: all approvers/u);
    expect(await owner.page.locator('.approve').count()).toBe(0);
    expect(await forcedApproval(await localOf(vault, await client.link()))).toBe(403);
    await owner.page.tap('.deny');
    expect((await read).text).toMatch(/^denied:/u);
    expect(vault.actions()).not.toContain('approved API_KEY');
  });

  it('also in the process that runs, whose windows close', async () => {
    await approveOneOfTwo();
    await resetAtTerminal(vault);
    const read = client.get('API_KEY');
    const link = await client.link(2);
    expect(await forcedApproval(await localOf(vault, link))).toBe(403);
    await owner.decide(link, 'deny');
    expect((await read).text).toMatch(/^denied:/u);
    expect(vault.actions()).toContain('window_closed API_KEY');
  });
});

describe('what stands in agent-vault.db of an approval', { timeout: 60_000 }, () => {
  it('verifies offline against the stored public key, and not once a column is changed', async () => {
    await approveOneOfTwo();
    const read = client.get('OTHER', 'refused, then lifted');
    await read;
    await client.close();
    const approvers = parseApprovers(JSON.parse(await readFile(join(vault.folder, 'state', 'approvers.json'), 'utf8')));
    const [decision] = readAll(vault.database, 'decisions') as unknown as [Evidence['decision']];
    const rows = vault.rows().filter(({ action }) => action === 'approved' || action === 'denied');
    const check = (row: Record<string, unknown>, about = decision): Promise<Verdict> =>
      verifyDecision({ row, decision: about, approvers, rowHash });
    expect(rows.map(({ action, secret_name }) => [action, secret_name])).toEqual([
      ['approved', 'API_KEY'],
      ['denied', 'OTHER'],
    ]);
    for (const row of rows) {
      expect(await check(row)).toEqual({ ok: true });
      for (const column of Object.keys(row)) {
        const changed = { ...row, [column]: otherThan(row[column]) };
        expect(await check(changed), column).toMatchObject({ ok: false });
        if (!outsideTheSignature.has(column))
          expect(await check(rehashed(changed)), column).toMatchObject({ ok: false });
      }
      for (const column of ['request_id', 'body', 'assertion'] as const) {
        const about = { ...decision, [column]: String(otherThan(decision[column])) };
        expect(await check(row, about), column).toMatchObject({ ok: false });
      }
    }
  });
});

/** Where the row stands in the log is for the chain to say. */
const outsideTheSignature = new Set(['id', 'prev_hash', 'hash']);

function otherThan(cell: unknown): unknown {
  if (typeof cell === 'number') return cell + 1;
  if (typeof cell !== 'string') return '2026-01-02T03:04:05.000Z';
  return cell.slice(0, -1) + (cell.at(-1) === '0' ? '1' : '0');
}

/** As somebody makes it who can write the database and knows the rule. */
function rehashed(row: Record<string, unknown>): Record<string, unknown> {
  const cells = columns.map((column) => row[column] as string | null);
  return { ...row, hash: rowHash(Number(row['id']), cells, String(row['prev_hash'])) };
}
