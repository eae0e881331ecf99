import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAudit } from '../../src/audit/log.ts';
import type { AuditAction, AuditRow } from '../../src/core/audit-row.ts';
import { canonical } from '../../src/core/canonical.ts';
import { isoTime } from '../../src/core/clock.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';

const reason = 'a reason of ordinary length, as agents give them';
const session = { id: 'a-session-of-the-bench', agent: 'bench 1' };

/** Seconds and peak memory (bytes) of a process that verifies a log of so many rows. */
export async function verification(rows: number): Promise<{ seconds: number; bytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-bench-'));
  try {
    const file = join(folder, 'agent-vault.db');
    await write(file, folder, rows);
    const started = performance.now();
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(file, folder)]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.pipe(process.stderr);
    await once(child, 'close');
    const { kind, bytes } = JSON.parse(output) as { kind: string; bytes: number };
    if (kind !== 'intact' && kind !== 'unanchored') throw new Error(`the log is ${kind}`);
    return { seconds: (performance.now() - started) / 1000, bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Half of the rows of a log in use are reads inside windows. */
async function write(file: string, stateFolder: string, rows: number): Promise<void> {
  const audit = openAudit({
    file: { path: file, followLinks: false },
    clock: systemClock,
    log: createLog(() => undefined),
    onCommitted: () => undefined,
    checkpoints: { stateFolder, anchor: null },
  });
  const perRequest = 10;
  // One request in a second, up to now.
  const start = Date.now() - (rows / perRequest) * 1000;
  for (let request = 0; request < rows / perRequest; request += 500) {
    const some = Array.from({ length: Math.min(500, rows / perRequest - request) }, (_, at) =>
      oneRequest(request + at, start),
    );
    // In one transaction, and in this order: they are appended within one turn of the event loop.
    const appends = some.flatMap(([opened, decided, record, reads]) => [
      audit.append([opened]),
      audit.append([decided], record),
      ...reads.map((read) => audit.append([read])),
    ]);
    await Promise.all(appends);
  }
  await audit.close();
}

type OneRequest = [AuditRow, AuditRow, { requestId: string; body: string; assertion: null }, AuditRow[]];

function oneRequest(number: number, start: number): OneRequest {
  const requestId = `request-${number}`;
  const at = start + number * 1000;
  const body = canonical({
    version: 2,
    request: requestId,
    approve: true,
    session: session.id,
    agent: session.agent,
    folder: '/srv/project',
    operation: 'read',
    vault: 'local',
    secrets: [{ id: 'API_KEY', name: 'API_KEY' }],
    refused: [],
    reason,
    windowMs: 900_000,
    scope: 'secret',
    note: null,
    mute: false,
    config: null,
    policy: '0'.repeat(64),
    issuedAt: isoTime(at),
    expiresAt: isoTime(at + 300_000),
  });
  const until = { ttlExpiresAt: isoTime(at + 900_000) };
  const by = { approver: 'link holder', factor: 'link' };
  const opened = row('requested', requestId, at, { detail: { expiresAt: isoTime(at + 300_000), tool: 'get_secret' } });
  const auto = row('auto_approved', null, at, { ...until, detail: { window: requestId } });
  const reads = [row('released', requestId, at, { ...until, ...by }), ...Array.from({ length: 7 }, () => auto)];
  return [opened, row('approved', requestId, at, { ...until, ...by }), { requestId, body, assertion: null }, reads];
}

function row(action: AuditAction, requestId: string | null, at: number, more: Partial<AuditRow>): AuditRow {
  return {
    timestamp: isoTime(at),
    secretName: 'API_KEY',
    reason,
    action,
    scope: 'secret',
    ttlExpiresAt: null,
    vault: 'local',
    operation: 'read',
    requestId,
    session: session.id,
    agent: session.agent,
    approver: null,
    factor: null,
    detail: null,
    ...more,
  };
}

function program(file: string, stateFolder: string): string {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  return `
    const { verifyLog } = await import(${at('../../src/audit/verify.ts')});
    const { auditPublicKey } = await import(${at('../../src/audit/key.ts')});
    const { parseNoteKey } = await import(${at('../../src/audit/note.ts')});
    const key = await auditPublicKey(${JSON.stringify(stateFolder)});
    const report = await verifyLog(${JSON.stringify(file)}, { keys: [parseNoteKey(key)] });
    if (report.problems.length > 0) process.stderr.write(JSON.stringify(report.problems[0]) + '\\n');
    process.stdout.write(JSON.stringify({ kind: report.kind, bytes: process.resourceUsage().maxRSS * 1024 }));`;
}
