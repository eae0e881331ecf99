import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { auditPublicKey } from '../../src/audit/key.ts';
import { parseNoteKey } from '../../src/audit/note.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { TestVault } from '../support/vault.ts';
import { Agent } from './agent.ts';
import type { Row } from './book.ts';
import { Book } from './book.ts';
import { Chance } from './chance.ts';
import { Listener } from './listener.ts';
import { Person } from './person.ts';

const loops = Number(process.env['FAULT_LOOPS'] ?? 10);
const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
/** Then a log is begun anew: the first moments of one are worth a kill, too. */
const loopsOfALog = 25;
const servers = 3;
const secrets = ['ALPHA', 'BETA', 'GAMMA', 'DELTA'];
const told = ['requested', 'approved', 'denied', 'auto_approved', 'released', 'failed', 'refused'];

describe('servers that are killed at any moment', () => {
  it(
    `leave a whole log, a row for every value and an event for every row (${loops} loops)`,
    { timeout: loops * 60_000 },
    async () => {
      const chance = new Chance(seed);
      const listener = await Listener.open();
      const sums = { loops: 0, kills: 0, rows: 0, values: 0, saved: 0, decisions: 0, events: 0, repeated: 0 };
      while (sums.loops < loops) {
        const vault = await openVault(listener.url);
        try {
          const book = new Book();
          for (let left = Math.min(loopsOfALog, loops - sums.loops); left > 0; left -= 1) {
            sums.loops += 1;
            sums.kills += await killAll({ vault, book, chance, loop: sums.loops });
            expect(await faultsOf(vault, book, listener), `loop ${sums.loops}, seed ${seed}`).toEqual([]);
          }
          sums.rows += await drained(vault, listener);
          add(sums, book.totals);
          add(sums, listener.totals);
          listener.forget();
        } finally {
          await vault.close();
        }
      }
      console.log(`killed servers: ${JSON.stringify({ ...sums, seed })}`);
      expect(sums.values).toBeGreaterThan(0);
    },
  );
});

function openVault(url: string): Promise<TestVault> {
  return TestVault.open({
    secrets: secrets.map((name) => `${name}='the value of ${name}'\n`).join(''),
    config: {
      vaults: { local: { type: 'env', file: '.env.secrets', writable: true, ttl: 30 } },
      approval: { cooldown: 0, maxPerHour: 10_000 },
      webhooks: [{ url, events: told }],
    },
  });
}

interface Loop {
  readonly vault: TestVault;
  readonly book: Book;
  readonly chance: Chance;
  readonly loop: number;
}

/** Resolves with how many there were. */
async function killAll({ vault, book, chance, loop }: Loop): Promise<number> {
  const lives = Array.from({ length: servers }, (_, at) => {
    const person = new Person(book, chance);
    const agent = new Agent({ vault, book, person, chance, secrets, name: `agent-${loop}-${at}` });
    // Most die at work, some while they start.
    return chance.once(8) ? agent.live(chance.below(1_000), 'start') : agent.live(chance.below(1_000), 'answer');
  });
  await Promise.all(lives);
  return lives.length;
}

async function faultsOf(vault: TestVault, book: Book, listener: Listener): Promise<string[]> {
  const rows = rowsOf(vault);
  const problems = rows.length === 0 ? [] : await problemsOf(vault);
  return [...problems, ...book.unaccounted(rows), ...listener.invented(rows)];
}

/** What `agent-vault audit verify` finds. */
async function problemsOf({ database, folder }: TestVault): Promise<string[]> {
  const key = parseNoteKey((await auditPublicKey(join(folder, 'state'))) ?? '');
  const { kind, why, problems } = await verifyLog(database, { keys: key === null ? [] : [key] });
  return kind === 'unreadable' ? [String(why)] : problems.map(({ row, says }) => `row ${row}: ${says}`);
}

/** None before the first server has made the log. Throws what SQLite throws about a file that is damaged. */
function rowsOf(vault: TestVault): Row[] {
  const database = new Database(vault.database);
  try {
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    const exists = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'audit'`).get() !== undefined;
    return exists ? (database.prepare('SELECT * FROM audit ORDER BY id').all() as Row[]) : [];
  } finally {
    database.close();
  }
}

/** The next server delivers what dead ones have left behind. Resolves with the number of rows. */
async function drained(vault: TestVault, listener: Listener): Promise<number> {
  const last = await vault.connect();
  try {
    await last.call('list_secrets', {});
    await expect.poll(() => listener.untold(rowsOf(vault), told), { timeout: 180_000, interval: 500 }).toEqual([]);
    return rowsOf(vault).length;
  } finally {
    await last.close();
  }
}

function add(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, number] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + number;
}
