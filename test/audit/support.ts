import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { AuditOptions } from '../../src/audit/log.ts';
import { openAudit } from '../../src/audit/log.ts';
import type { AuditRow, CommittedRow } from '../../src/core/audit-row.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { AuditLog } from '../../src/core/ports.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { readAll } from './stored.ts';
import type { ChainResult } from './verify-chain.ts';
import { verifyChain } from './verify-chain.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-vault-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function temporaryFile(): string {
  return join(temporaryFolder(), 'agent-vault.db');
}

export function row(changes: Partial<AuditRow> = {}): AuditRow {
  return {
    timestamp: '2026-11-20T04:40:00.000Z',
    secretName: 'STRIPE_KEY',
    reason: 'deploy the hotfix',
    action: 'released',
    scope: 'secret',
    ttlExpiresAt: null,
    vault: 'dev',
    operation: 'read',
    requestId: 'request-1',
    session: 'session-1',
    agent: 'some-client 1.0',
    approver: null,
    factor: null,
    detail: null,
    ...changes,
  };
}

type More = Partial<Pick<AuditOptions, 'alongside' | 'checkpoints'>>;

export interface Opened {
  readonly audit: AuditLog;
  readonly lines: string[];
  readonly committed: (readonly CommittedRow[])[];
}

export function opened(path: string, clock: Clock = systemClock, followLinks = true, more: More = {}): Opened {
  const lines: string[] = [];
  const committed: (readonly CommittedRow[])[] = [];
  const log = createLog((text) => lines.push(text));
  const audit = openAudit({
    file: { path, followLinks },
    clock,
    log,
    onCommitted: (rows) => committed.push(rows),
    ...more,
  });
  onTestFinished(() => audit.close());
  return { audit, lines, committed };
}

export function verified(file: string): ChainResult {
  return verifyChain(readAll(file));
}

/** A process of its own that appends to the log (appender.ts). */
export class Appender {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  static async start(
    file: string,
    options: { before?: string[]; uid?: number; stateFolder?: string } = {},
  ): Promise<Appender> {
    const { uid = '', stateFolder = '' } = options;
    const own = [process.execPath, join(import.meta.dirname, 'appender.ts'), file, String(uid), stateFolder];
    const [command, ...args] = [...(options.before ?? []), ...own];
    const child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const appender = new Appender(child);
    await appender.line();
    return appender;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  }

  tell(command: string): void {
    this.#child.stdin!.write(`${command}\n`);
  }

  /** The next thing it says; null at its end. */
  async line(): Promise<string | null> {
    const next = await this.#lines.next();
    return next.done === true ? null : next.value;
  }

  /** Appends one row: its id, or the failure. */
  async append(): Promise<string | null> {
    this.tell('append 1');
    return this.line();
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.stdin!.end();
    await ended;
  }
}
