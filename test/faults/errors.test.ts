import { join } from 'node:path';
import { execPath } from 'node:process';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../audit/verify-chain.ts';
import { mainFile, TestVault } from '../support/vault.ts';
import type { TestClient } from '../support/vault.ts';
import { Book } from './book.ts';
import { Chance } from './chance.ts';
import { Person } from './person.ts';
import { hasStrace, injected, straced } from './strace.ts';

const loops = Math.min(60, Number(process.env['FAULT_LOOPS'] ?? 10));
const agent = 'test-client';
const refused = 'the audit log cannot be written, so nothing was done';

const faults = [
  { end: '-wal', calls: ['pwrite64'] },
  { end: '-wal', calls: ['fsync', 'fdatasync'] },
  { end: '', calls: ['pwrite64'] },
  { end: '', calls: ['fsync', 'fdatasync'] },
];

describe.runIf(hasStrace)('calls of the system that fail with EIO', () => {
  it(
    `once: the value stays where it is, and the same process goes on (${loops} times)`,
    { timeout: loops * 60_000 },
    async () => {
      const sums = { loops, injected: 0, values: 0, refused: 0 };
      for (let loop = 0; loop < loops; loop += 1) {
        const { end, calls } = faults[loop % faults.length]!;
        const outcome = await live({ end, calls, when: String(1 + Math.floor(loop / faults.length)) });
        expect(outcome.faults, `loop ${loop}`).toEqual([]);
        const refusals = outcome.answers.filter((answer) => answer === 'refused').length;
        // No failure costs more than the read during which it happened.
        expect(refusals, `loop ${loop}`).toBeLessThanOrEqual(outcome.injected);
        expect(outcome.answers, `loop ${loop}`).not.toContain('pending');
        expect(outcome.answers.length - refusals, `loop ${loop}`).toBeGreaterThan(5);
        sums.injected += outcome.injected;
        sums.values += outcome.values;
        sums.refused += refusals;
      }
      console.log(`EIO once: ${JSON.stringify(sums)}`);
      expect(sums.injected).toBeGreaterThan(0);
      expect(sums.refused).toBeGreaterThan(0);
    },
  );

  it(
    `from some moment on: nothing is released any more, and the next process goes on (${loops} times)`,
    { timeout: loops * 60_000 },
    async () => {
      const sums = { loops, injected: 0, values: 0, refused: 0 };
      for (let loop = 0; loop < loops; loop += 1) {
        const { end, calls } = faults[loop % 2]!;
        const outcome = await live({ end, calls, when: `${1 + Math.floor(loop / 2)}+`, another: true });
        expect(outcome.faults, `loop ${loop}`).toEqual([]);
        const first = outcome.answers.findIndex((answer) => answer !== 'value');
        if (first >= 0) expect(outcome.answers.slice(first), `loop ${loop}`).not.toContain('value');
        sums.injected += outcome.injected;
        sums.values += outcome.values;
        sums.refused += outcome.answers.filter((answer) => answer === 'refused').length;
      }
      console.log(`EIO for good: ${JSON.stringify(sums)}`);
      expect(sums.injected).toBeGreaterThanOrEqual(loops);
      expect(sums.refused).toBeGreaterThan(0);
    },
  );
});

interface Life {
  /** Of the database's file. */
  readonly end: string;
  readonly calls: readonly string[];
  readonly when: string;
  /** Whether another process, to which nothing happens, reads in the end. */
  readonly another?: boolean;
}

/** `pending`: the decision could not be written down, so the request waits on. */
type Answer = 'value' | 'refused' | 'pending';

interface Outcome {
  readonly answers: readonly Answer[];
  readonly values: number;
  readonly injected: number;
  /** What the log does not account for, and what agents were told that is not clear. */
  readonly faults: readonly string[];
}

async function live({ end, calls, when, another = false }: Life): Promise<Outcome> {
  const config = { vaults: { local: { type: 'env', file: '.env.secrets', ttl: 30 } }, approval: { wait: 2 } };
  const vault = await TestVault.open({ config });
  const book = new Book();
  const trace = join(vault.folder, 'trace');
  try {
    const before = straced({ file: `${vault.database}${end}`, calls, error: 'EIO', when, trace });
    const client = await vault.connect({ command: [...before, execPath, mainFile] });
    const { answers, unclear } = await reads(client, book);
    if (another) unclear.push(...(await readsOfAnother(vault, book)));
    const rows = vault.rows();
    const chain = verifyChain(rows);
    const broken = chain.ok ? [] : [`row ${chain.row}: ${chain.problem}`];
    const faults = [...unclear, ...broken, ...book.unaccounted(rows)];
    return { answers, values: book.totals.values, injected: injected(trace), faults };
  } finally {
    await vault.close();
  }
}

/** Ten reads, one after the other, unless one has to wait. */
async function reads(client: TestClient, book: Book) {
  const person = new Person(book, new Chance(1), Infinity);
  client.transport.stderr?.on('data', () => person.look(client.stderr));
  const answers: Answer[] = [];
  const unclear: string[] = [];
  try {
    while (answers.length < 10 && answers.at(-1) !== 'pending') {
      const { text, status, isError } = await client.get();
      const answer = status === 'approved' ? 'value' : status === 'pending' ? 'pending' : 'refused';
      if (answer === 'value') book.received(agent, 'API_KEY');
      if (answer === 'refused' && (!isError || !text.includes(refused))) unclear.push(text);
      answers.push(answer);
    }
  } finally {
    await client.close();
  }
  return { answers, unclear };
}

/** What is wrong with them. */
async function readsOfAnother(vault: TestVault, book: Book): Promise<string[]> {
  const { answers, unclear } = await reads(await vault.connect(), book);
  return answers.every((answer) => answer === 'value') ? unclear : [...unclear, 'the next process was refused'];
}
