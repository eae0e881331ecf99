import { execPath } from 'node:process';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../audit/verify-chain.ts';
import type { TestClient } from '../support/vault.ts';
import { mainFile, tap, TestVault } from '../support/vault.ts';
import type { Row } from './book.ts';
import { Book } from './book.ts';
import { canBreak, canMount, Disk } from './disk.ts';

const agent = 'test-client';
const refused = 'the audit log cannot be written, so nothing was done';

let vault: TestVault;
let client: TestClient;
let book: Book;

afterEach(async () => {
  await client.close();
  await vault.close();
});

/** A server whose log is on the disk; the vault itself is not. */
async function start(disk: Disk): Promise<void> {
  book = new Book();
  vault = await TestVault.open({
    config: { vaults: { local: { type: 'env', file: '.env.secrets', writable: true, ttl: 30 } } },
    env: { AGENT_VAULT_DB: `${disk.folder}/agent-vault.db` },
  });
  client = await vault.connect({
    command: disk.command('sh', '-c', 'cd "$0" && exec "$@"', vault.folder, execPath, mainFile),
  });
}

/** Reads, and writes down what came. Resolves with the text of a refusal; null if the value came. */
async function read(name = 'API_KEY'): Promise<string | null> {
  const { text, status } = await client.get(name);
  if (status !== 'approved') return text;
  book.received(agent, name);
  return null;
}

/** A window is open afterwards: reads of this secret need nobody. */
async function openWindow(nth = 1): Promise<void> {
  const answer = read();
  expect(await tap(await client.link(nth))).toBe(303);
  expect(await answer).toBeNull();
}

/** Nothing, if the log is whole and has a row for each value. */
function faultsOf(disk: Disk): string[] {
  const database = new Database(disk.copy('agent-vault.db'));
  try {
    const rows = database.prepare('SELECT * FROM audit ORDER BY id').all() as Row[];
    const chain = verifyChain(rows);
    return [...(chain.ok ? [] : [`row ${chain.row}: ${chain.problem}`]), ...book.unaccounted(rows)];
  } finally {
    database.close();
  }
}

describe.runIf(canMount)('a disk that is full', () => {
  it('stops releases with a clear error; with room again they go on, in the same process', async () => {
    const disk = await Disk.open('memory', 700);
    disk.run(`head -c 300000 /dev/zero > ${disk.folder}/ballast`);
    await start(disk);
    await openWindow();
    let reads = 0;
    for (; (await read()) === null; reads += 1) expect(reads).toBeLessThan(5_000);
    expect(reads).toBeGreaterThan(10);
    for (let more = 0; more < 20; more += 1) expect(await read()).toContain(refused);
    expect(client.stderr).toMatch(/SQLITE_FULL.*\n.*hint: make room on the disk/u);
    expect(faultsOf(disk)).toEqual([]);
    disk.remove('ballast');
    for (let more = 0; more < 20; more += 1) expect(await read()).toBeNull();
    expect(faultsOf(disk)).toEqual([]);
    console.log(`full disk: ${JSON.stringify({ values: book.totals.values, refused: 21 })}`);
  });

  it('lets a decision wait: the request stays open, and the same tap counts when there is room', async () => {
    const disk = await Disk.open('memory', 700);
    await start(disk);
    const answer = read();
    const link = await client.link();
    disk.run(`head -c 2000000 /dev/zero > ${disk.folder}/ballast || true`);
    expect(await tap(link)).toBeGreaterThanOrEqual(500);
    disk.remove('ballast');
    expect(await tap(link)).toBe(303);
    expect(await answer).toBeNull();
    expect(faultsOf(disk)).toEqual([]);
  });
});

describe.runIf(canMount)('a disk that was mounted read-only', () => {
  it('disturbs nobody with a request; mounted for writing, it is used by the same process', async () => {
    const disk = await Disk.open('memory', 4_000);
    await start(disk);
    disk.run(`mount -o remount,ro ${disk.folder}`);
    for (let more = 0; more < 5; more += 1) expect(await read()).toContain(refused);
    expect(client.stderr).not.toContain('/approve/');
    expect(client.stderr).toMatch(
      /(EROFS|SQLITE_READONLY|SQLITE_CANTOPEN).*\n.*hint: make the file and its folder writable/u,
    );
    disk.run(`mount -o remount,rw ${disk.folder}`);
    await openWindow();
    expect(faultsOf(disk)).toEqual([]);
  });
});

describe.runIf(canBreak)('a disk that fails at work', () => {
  it('so that the kernel makes it read-only, stops releases; mounted again, it is used by the same process', async () => {
    const disk = await Disk.open('file', 16_000);
    await start(disk);
    await openWindow();
    for (let more = 0; more < 10; more += 1) expect(await read()).toBeNull();
    disk.fail();
    for (let more = 0; more < 10; more += 1) expect(await read()).toContain(refused);
    expect(client.stderr).toMatch(/SQLITE_IOERR|SQLITE_READONLY|EROFS/u);
    disk.run(`umount ${disk.folder}`);
    disk.mount();
    expect(faultsOf(disk)).toEqual([]);
    for (let more = 0; more < 10; more += 1) expect(await read()).toBeNull();
    expect(faultsOf(disk)).toEqual([]);
    console.log(`failed disk: ${JSON.stringify({ values: book.totals.values, refused: 10 })}`);
  });
});
