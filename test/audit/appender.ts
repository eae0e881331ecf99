/**
 * A process that appends to an audit log. It takes "append N" (one after the other) and "together N" (at once), and says
 * each row's id or the failure; "remove FILE"; "verify" says how many good rows there are.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import 'better-sqlite3';
import { openAudit } from '../../src/audit/log.ts';
import type { AuditRow } from '../../src/core/audit-row.ts';
import { VaultError } from '../../src/core/errors.ts';
import { createLog } from '../../src/platform/log.ts';
import { patientClock } from './patient-clock.ts';
import { readAll } from './stored.ts';
import { verifyChain } from './verify-chain.ts';

const [file = '', uid = '', stateFolder = ''] = process.argv.slice(2);
const audit = openAudit({
  file: { path: file, followLinks: true },
  clock: patientClock,
  log: createLog(() => undefined),
  onCommitted: () => undefined,
  ...(stateFolder === '' ? {} : { checkpoints: { stateFolder, anchor: null } }),
});
// Only now: as another user we may not be able to read the packages.
if (uid !== '') process.setuid?.(Number(uid));
say('ready');

for await (const line of createInterface(process.stdin)) {
  const [command, argument = ''] = line.split(' ');
  const numbers = Array.from({ length: Number(argument) || 0 }, (_, at) => at);
  if (command === 'append') for (const number of numbers) await append(number);
  if (command === 'together') await Promise.all(numbers.map(append));
  if (command === 'remove') rmSync(argument);
  if (command === 'verify') verify();
}
await audit.close();

async function append(number: number): Promise<void> {
  try {
    const [row] = await audit.append([filler(number)]);
    say(String(row?.seq));
  } catch (error) {
    say(error instanceof VaultError ? error.failure : String(error));
  }
}

function verify(): void {
  const result = verifyChain(readAll(file));
  say(result.ok ? String(result.count) : `row ${result.row}: ${result.problem}`);
}

function filler(number: number): AuditRow {
  const common = { scope: null, ttlExpiresAt: null, requestId: null, approver: null, factor: null } as const;
  const timestamp = new Date().toISOString();
  const reason = `process ${process.pid}, row ${number}, ${'x'.repeat(200)}`;
  const detail = { number };
  return {
    ...common,
    timestamp,
    secretName: 'NAME',
    reason,
    action: 'released',
    vault: 'v',
    operation: 'read',
    session: 's',
    agent: 'a',
    detail,
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
