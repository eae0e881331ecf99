import { mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { auditPublicKey, openAuditKey } from '../../src/audit/key.ts';
import { openAudit } from '../../src/audit/log.ts';
import type { NoteKey } from '../../src/audit/note.ts';
import { parseNoteKey } from '../../src/audit/note.ts';
import type { Report } from '../../src/audit/report.ts';
import type { VerifyOptions } from '../../src/audit/verify.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import type { ApprovalLimits } from '../../src/core/approvals.ts';
import type { VaultPolicy } from '../../src/core/policy.ts';
import type { AuditLog } from '../../src/core/ports.ts';
import { createLog } from '../../src/platform/log.ts';
import { World } from '../support/world.ts';
import { row, temporaryFile } from './support.ts';

/** The real broker on a real log, in a folder of its own. Time stands still until the test moves it. */
export class LivedWorld extends World {
  readonly file = temporaryFile();
  readonly stateFolder = mkdtempSync(join(dirname(this.file), 'state-'));
  readonly lines: string[] = [];
  #log: AuditLog | null = null;

  static async open(policy: Partial<VaultPolicy> = {}, limits: Partial<ApprovalLimits> = {}): Promise<LivedWorld> {
    const world = new LivedWorld(policy, limits);
    await openAuditKey(world.stateFolder);
    Object.assign(world.audit, { append: (...given: Parameters<AuditLog['append']>) => world.real.append(...given) });
    onTestFinished(() => world.real.close());
    // From now on it is open, and its key found: appends take no more than a turn.
    await world.audit.append([
      row({ action: 'refused', requestId: null, timestamp: new Date(world.clock.wall()).toISOString() }),
    ]);
    await world.settle();
    return world;
  }

  get real(): AuditLog {
    this.#log ??= openAudit({
      file: { path: this.file, followLinks: true },
      clock: this.clock,
      log: createLog((text) => this.lines.push(text)),
      onCommitted: () => undefined,
      checkpoints: { stateFolder: this.stateFolder, anchor: join(dirname(this.file), 'anchors.txt') },
    });
    return this.#log;
  }

  override async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await setImmediate();
    // What a thread of the file system does takes no turns, but time.
    await pause(3);
    for (let turn = 0; turn < 12; turn += 1) await setImmediate();
  }

  async end(): Promise<void> {
    await this.real.close();
    this.#log = null;
  }

  async keys(): Promise<NoteKey[]> {
    return [parseNoteKey((await auditPublicKey(this.stateFolder))!)!];
  }

  async verify(options: Partial<VerifyOptions> = {}): Promise<Report> {
    return verifyLog(this.file, { keys: await this.keys(), ...options });
  }
}

/** Fails with the problems, not with a number. */
export function expectHonest(report: Report): void {
  expect(report.problems.map(({ row, says }) => `row ${row}: ${says}`)).toEqual([]);
  expect(report.kind).not.toBe('unreadable');
}
