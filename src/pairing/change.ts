import type { PairedApprover } from '../approvers/records.ts';
import type { AuditAction, AuditRow, DecisionRecord } from '../core/audit-row.ts';
import type { Json } from '../core/canonical.ts';
import { canonical } from '../core/canonical.ts';
import { isoTime } from '../core/clock.ts';
import type { Approver, Proof } from '../core/request.ts';
import { eventRow } from '../core/rows.ts';
import { oneLine } from '../core/text.ts';
import type { ErrandPage } from '../web/routes/pair.ts';

/** A change of who may approve, as it is wanted. */
export type Change =
  | { readonly kind: 'add'; readonly name: string; readonly factor: Approver['factor'] }
  | { readonly kind: 'remove'; readonly approver: PairedApprover };

/** A change that an approver is asked to allow. */
export interface Plan {
  /** Names the change, as its id names a request. */
  readonly id: string;
  readonly change: Change;
  /** What is signed by whoever allows it, in RFC 8785 form. */
  readonly body: string;
}

/** @param at wall clock, milliseconds */
export function planOf(change: Change, { id, at }: { id: string; at: number }): Plan {
  const approver = change.kind === 'add' ? { name: change.name, factor: change.factor } : detailOf(change.approver);
  return { id, change, body: canonical({ version: 1, id, change: change.kind, approver, issuedAt: isoTime(at) }) };
}

/** For the phone of the approver who allows it. */
export function pageOf(change: Change): ErrandPage {
  const says =
    change.kind === 'add'
      ? `“${change.name}” is to become an approver, with ${words[change.factor]}. From then on it may approve everything that you may.`
      : `“${oneLine(change.approver.name)}” (${change.approver.fingerprint}) is to be an approver no longer.`;
  const paragraphs = [says, 'If you did not start this at the terminal, do nothing: without you it does not happen.'];
  return { heading: 'Change who may approve?', paragraphs, button: 'Confirm with your passkey' };
}

export function changeRow(approver: PairedApprover, { id, change, by, at }: Done): AuditRow {
  return row(change.kind === 'add' ? 'paired' : 'unpaired', { at, id, by, detail: detailOf(approver) });
}

/** @param approvers those who are wiped */
export function resetRow(approvers: readonly PairedApprover[], at: number): AuditRow {
  return row('reset', { at, id: null, by: null, detail: { approvers: approvers.map(detailOf) } });
}

/** What shows later who allowed it; nothing where nobody had to. */
export function recordOf({ id, body, by }: Done): DecisionRecord | undefined {
  return by === null ? undefined : { requestId: id, body, assertion: by.assertion };
}

export interface Done extends Plan {
  /** Who allowed it; null where nobody had to. */
  readonly by: Proof | null;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

const words = { passkey: 'a passkey', totp: 'an authenticator app', link: 'a link' };

interface RowParts {
  readonly at: number;
  readonly id: string | null;
  readonly by: Proof | null;
  readonly detail: Readonly<Record<string, Json>>;
}

function row(action: AuditAction, { at, id, by, detail }: RowParts): AuditRow {
  const somebody: Approver = by?.approver ?? { name: '', factor: 'link' };
  const written = eventRow(action, { at, approver: somebody, detail });
  return { ...written, requestId: id, ...(by === null ? { approver: null, factor: null } : {}) };
}

/** All that is needed to recognise it, and to check later what it signed. No secret is in it. */
function detailOf(approver: PairedApprover): Readonly<Record<string, Json>> {
  const { id, name, factor, fingerprint } = approver;
  const common = { id, name: oneLine(name), factor, fingerprint };
  if (factor === 'totp') return common;
  const { credentialId, publicKey, origin, deviceType, backedUp } = approver;
  return { ...common, credentialId, publicKey, origin, deviceType, backedUp };
}
