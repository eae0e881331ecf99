import { approvalDefaults } from '../config/build.ts';
import type { ApprovalConfig, EffectivePolicy } from '../config/terms.ts';
import type { PolicyLine } from '../core/policies.ts';
import { isSame } from './difference.ts';
import { changedTunnel, tunnelLines } from './lines-tunnel.ts';
import { changedVaults, vaultLines } from './lines-vault.ts';
import { changedWebhooks, webhookLines } from './lines-webhook.ts';
import { timeInWords, told } from './words.ts';

/** All that a config allows which nobody has approved yet; of what is as it always is, nothing. */
export function allLines(policy: EffectivePolicy): readonly PolicyLine[] {
  const auditLog = policy.auditFile === null ? [] : [`is written to ${told(policy.auditFile)}`];
  return [
    ...policy.webhooks.flatMap(webhookLines),
    ...policy.vaults.flatMap(vaultLines),
    ...tunnelLines(policy.tunnel),
    ...changedApproval(approvalDefaults(), policy.approval).filter(({ isWide }) => isWide),
    ...auditLog.map((says) => ({ subject: 'audit log', says, isWide: false })),
    ...(policy.anchor === null ? [] : [{ subject: 'checkpoints', says: anchorInWords(policy), isWide: false }]),
  ];
}

/** What would change if `now` took the place of `before`. At least one line if they differ. */
export function changedLines(before: EffectivePolicy, now: EffectivePolicy): readonly PolicyLine[] {
  return [
    ...changedVaults(before.vaults, now.vaults),
    ...changedWebhooks(before.webhooks, now.webhooks),
    ...changedTunnel(before.tunnel, now.tunnel),
    ...changedApproval(before.approval, now.approval),
    ...changedPlaces(before, now),
  ];
}

function changedApproval(before: ApprovalConfig, now: ApprovalConfig): readonly PolicyLine[] {
  const lines: readonly [changes: boolean, isWide: boolean, says: string][] = [
    [
      now.expiresInMs !== before.expiresInMs,
      now.expiresInMs > before.expiresInMs,
      `wait for you ${timeInWords(now.expiresInMs)} instead of ${timeInWords(before.expiresInMs)}`,
    ],
    [
      now.maxOpen !== before.maxOpen,
      now.maxOpen > before.maxOpen,
      `may be up to ${now.maxOpen} at once instead of ${before.maxOpen}`,
    ],
    [
      now.maxPerHour !== before.maxPerHour,
      now.maxPerHour > before.maxPerHour,
      `may be up to ${now.maxPerHour} within an hour instead of ${before.maxPerHour}`,
    ],
    [
      now.cooldownMs !== before.cooldownMs,
      now.cooldownMs < before.cooldownMs,
      `may come again ${after(now)} when you have denied them, instead of ${after(before)}`,
    ],
    [now.waitMs !== before.waitMs, false, `hold a call up for ${patience(now)} instead of ${patience(before)}`],
  ];
  return lines.filter(([changes]) => changes).map(([, isWide, says]) => ({ subject: 'requests', says, isWide }));
}

function after({ cooldownMs }: ApprovalConfig): string {
  return cooldownMs === 0 ? 'at once' : `after ${timeInWords(cooldownMs)}`;
}

function patience({ waitMs }: ApprovalConfig): string {
  return waitMs === null ? 'what its client can stand' : timeInWords(waitMs);
}

function changedPlaces(before: EffectivePolicy, now: EffectivePolicy): readonly PolicyLine[] {
  const port = `are on ${portInWords(now.port)} of this machine instead of ${portInWords(before.port)}`;
  const file = `is written to ${fileInWords(now.auditFile)} instead of ${fileInWords(before.auditFile)}`;
  return [
    ...(isSame(before.port, now.port) ? [] : [{ subject: 'approval pages', says: port, isWide: false }]),
    ...(isSame(before.auditFile, now.auditFile) ? [] : [{ subject: 'audit log', says: file, isWide: false }]),
    ...(isSame(before.anchor, now.anchor) ? [] : [{ subject: 'checkpoints', says: anchorInWords(now), isWide: false }]),
  ];
}

function anchorInWords({ anchor }: EffectivePolicy): string {
  return anchor === null
    ? 'of the audit log are appended to no file any more'
    : `of the audit log are appended to ${told(anchor)}`;
}

function portInWords(port: number): string {
  return port === 0 ? 'any free port' : `port ${port}`;
}

function fileInWords(file: string | null): string {
  return file === null ? 'agent-vault.db in the working directory' : told(file);
}
