import { auditFile } from './audit/file.ts';
import { openAudit } from './audit/log.ts';
import type { Clock } from './core/clock.ts';
import type { AuditLog, Log, Random } from './core/ports.ts';
import type { InForce } from './trust/trust.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import { openWebhooks } from './webhooks/webhooks.ts';

export interface RecordOptions {
  readonly inForce: () => Pick<InForce, 'auditFile' | 'anchor' | 'webhooks'>;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The audit log, and those who are told of what stands in it: an event waits in the same transaction as its row. */
export interface Record {
  readonly audit: AuditLog;
  readonly webhooks: Webhooks;
}

/** Opens no database: the first row does. Close the log first, then the webhooks, which send its last checkpoint too. */
export function openRecord({ inForce, stateFolder, clock, random, log }: RecordOptions): Record {
  const { auditFile: configured, anchor } = inForce();
  const file = auditFile({ configured, cwd: process.cwd(), log });
  const webhooks = openWebhooks({ file, endpoints: () => inForce().webhooks, clock, random, log });
  const audit = openAudit({
    file,
    clock,
    log,
    alongside: (database) => webhooks.alongside(database),
    onCommitted: (rows) => webhooks.committed(rows),
    checkpoints: { stateFolder, anchor },
  });
  return { audit, webhooks };
}
