import type { AuditRow } from '../../src/core/audit-row.ts';
import type { Webhook } from '../../src/webhooks/endpoint.ts';
import { formatPlugins } from '../../src/webhooks/formats/index.ts';

/** A webhook to this machine, as the config makes them. */
export function webhookTo(url: string, changes: Partial<Webhook> & { format?: string } = {}): Webhook {
  const { format = 'json', ...rest } = changes;
  const plugin = formatPlugins.find(({ type }) => type === format)!;
  return { plugin, options: {}, url, secrets: [], allowPrivate: false, events: 'all', required: false, ...rest };
}

export function auditRow(changes: Partial<AuditRow> = {}): AuditRow {
  return {
    timestamp: new Date().toISOString(),
    secretName: 'NAME',
    reason: 'deploy the hotfix',
    action: 'approved',
    scope: 'secret',
    ttlExpiresAt: null,
    vault: 'dev',
    operation: 'read',
    requestId: 'request-1',
    session: 'session-1',
    agent: 'some-client 1.0',
    approver: 'owner',
    factor: 'link',
    detail: null,
    ...changes,
  };
}
