import type { Approvers, PairedApprover } from '../approvers/records.ts';
import type { Finding } from './finding.ts';
import { note, ok, problem } from './finding.ts';

const check = 'approvers';

/** Who may approve, and how much each of them proves. */
export function checkApprovers({ generation, approvers, resetAt }: Approvers): readonly Finding[] {
  if (generation === 0)
    return [note(check, 'nobody is paired: whoever sees an approval link can approve', 'agent-vault pair')];
  if (approvers.length > 0) return approvers.map(one);
  const since = resetAt === null ? 'were removed' : `were wiped at ${resetAt}`;
  return [problem(check, `all approvers ${since}: nothing can be approved`, 'agent-vault pair')];
}

function one(approver: PairedApprover): Finding {
  const who = `"${approver.name}" (${approver.fingerprint}, since ${approver.addedAt.slice(0, 10)})`;
  if (approver.factor === 'totp')
    return note(
      check,
      `${who}: an authenticator app; whoever can read the state folder can compute its codes`,
      'where the address stays the same, pair a passkey instead: agent-vault pair',
    );
  const at = `${who}: a passkey at ${approver.rpId}`;
  if (approver.deviceType === 'singleDevice') return ok(check, `${at}, on one device`);
  return note(
    check,
    `${at}, ${approver.backedUp ? 'synced' : 'one that can be synced'}: it may be on every device of the same account`,
    'if the agent’s machine is one of them, use a security key, or a passkey that stays on the phone',
  );
}
