import { VaultError } from '../../core/errors.ts';
import { didYouMean, oneLine } from '../../core/text.ts';
import type { PairedApprover, PairingApp } from '../../pairing/app.ts';
import type { Terminal } from '../terminal.ts';
import { permissionFor } from './allow.ts';

const closed = 'Nothing can be approved until somebody is paired: agent-vault pair';

/** Takes one approver away, which one of the approvers has to allow; that can be the one who goes. */
export async function removeApprover(app: PairingApp, terminal: Terminal, name: string): Promise<void> {
  const { approvers } = await app.approvers();
  const approver = named(name, approvers);
  const plan = app.planOf({ kind: 'remove', approver });
  const { by } = await permissionFor(plan, { app, terminal, page: null });
  await app.remove(plan, approver, by);
  terminal.say(`"${oneLine(approver.name)}" may not approve any more.`);
  if (approvers.length === 1) terminal.say(`Nobody is left. ${closed}`);
}

/** Takes all away. Whoever can do that could as well have written the state folder. */
export async function resetApprovers(app: PairingApp, terminal: Terminal): Promise<void> {
  terminal.say('This takes every approver away and closes all windows. It is written to the audit log.');
  terminal.say(`${closed}\n`);
  if ((await terminal.ask('Type "reset" to do it: ')) !== 'reset') return terminal.say('Nothing was changed.');
  await app.reset();
  terminal.say(`Done. ${closed}`);
}

function named(name: string, approvers: readonly PairedApprover[]): PairedApprover {
  const found = approvers.find((each) => each.name === name);
  if (found !== undefined) return found;
  const near = didYouMean(
    name,
    approvers.map((each) => each.name),
  );
  const hint = near === null ? 'agent-vault pair --list shows who there is' : `did you mean "${oneLine(near)}"?`;
  throw new VaultError('input_invalid', `there is no approver called "${oneLine(name)}"`, { hint });
}
