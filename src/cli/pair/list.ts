import { oneLine } from '../../core/text.ts';
import type { Approvers, PairedApprover } from '../../pairing/app.ts';
import { table } from '../table.ts';

/** Who may approve, as a table. No secret is in it. */
export function listOf({ generation, approvers }: Approvers): string {
  if (approvers.length > 0) return table([titles, ...approvers.map(line)]);
  return generation === 0
    ? 'Nobody is paired: whoever sees an approval link can approve. To change that: agent-vault pair'
    : 'No approver is left: nothing can be approved until somebody is paired. To do that: agent-vault pair';
}

const titles = ['name', 'factor', 'fingerprint', 'added', 'counts at', 'on other devices'];

function line(approver: PairedApprover): readonly string[] {
  const { name, factor, fingerprint, addedAt } = approver;
  const common = [oneLine(name), factor, fingerprint, addedAt.slice(0, 10)];
  return factor === 'totp' ? [...common, 'any address', '-'] : [...common, approver.rpId, otherDevices(approver)];
}

function otherDevices(approver: Extract<PairedApprover, { factor: 'passkey' }>): string {
  if (approver.deviceType === 'singleDevice') return 'no';
  return approver.backedUp ? 'yes, synced' : 'can be synced';
}
