import { VaultError } from '../../core/errors.ts';
import type { Proof } from '../../core/request.ts';
import type { PairingApp, PairingPage, Plan } from '../../pairing/app.ts';
import type { Terminal } from '../terminal.ts';
import { openPage, showLink } from './page.ts';
import { unlessInterrupted } from './wait.ts';

/** Has a change allowed by an approver who is paired. `page`: opened where one was needed. */
export interface Permission {
  /** Null where nobody is paired, so that nobody has to. */
  readonly by: Proof | null;
  readonly page: PairingPage | null;
}

/**
 * Asks for a code at the terminal, or for a passkey on the phone. Throws `approval_unavailable` where no approver can prove
 * themselves here; then only a reset is left.
 * @param page null if none is open yet
 */
export async function permissionFor(
  plan: Plan,
  { app, terminal, page }: { app: PairingApp; terminal: Terminal; page: PairingPage | null },
): Promise<Permission> {
  const ways = await app.waysToAllow(page);
  if (ways === null) return { by: null, page };
  terminal.say('Somebody who may approve has to allow this first.');
  if (ways.totp) {
    const proof = await byCode(plan, app, terminal);
    if (proof !== null) return { by: proof, page };
  }
  const open = page ?? (await openPage(app, terminal));
  const { passkey, says } = (await app.waysToAllow(open)) ?? ways;
  if (!passkey) throw noApprover(says);
  const { url, result } = open.allow(plan);
  await showLink(terminal, url, 'Open this on the device that has the passkey.');
  const by = await unlessInterrupted(terminal, result);
  await open.told();
  terminal.say(`Allowed by "${by.approver.name}".\n`);
  return { by, page: open };
}

/** Null if the person would rather use a passkey. */
async function byCode(plan: Plan, app: PairingApp, terminal: Terminal): Promise<Proof | null> {
  const { approvers } = await app.approvers();
  const hasPasskey = approvers.some(({ factor }) => factor === 'passkey');
  const otherwise = hasPasskey ? ' (nothing, to use a passkey instead)' : '';
  for (;;) {
    const code = await terminal.ask(`Code of the authenticator app${otherwise}: `);
    if (code === '' && hasPasskey) return null;
    if (code === '') throw new VaultError('approval_unavailable', 'no code was given, so nothing was changed');
    const proof = await app.allowByCode(plan, code);
    if (proof.proved) return proof;
    if (proof.ends) throw new VaultError('approval_unavailable', proof.says);
    terminal.say(proof.says);
  }
}

function noApprover(says: string): VaultError {
  return new VaultError('approval_unavailable', 'no approver can allow this here, so nothing was changed', {
    hint: `${says} If the device is lost: agent-vault pair --reset`,
  });
}
