import { z } from 'zod';
import { checkAssertion } from './assertion.ts';
import { challengeFor } from './challenge.ts';
import type { Approvers, FormerPasskey, PairedPasskey } from './records.ts';
import { readBody } from './signed-body.ts';
import { cellsOf, readRow, strayColumn } from './signed-row.ts';

export interface Evidence {
  /** A row of the table `audit`, whose action is `approved` or `denied`. */
  readonly row: Readonly<Record<string, unknown>>;
  /** The row of the table `decisions` of the same request. */
  readonly decision: { readonly request_id: string; readonly body: string; readonly assertion: string | null };
  readonly approvers: Pick<Approvers, 'approvers' | 'former'>;
  /** The audit log's rule. @param cells the columns between `id` and `prev_hash` */
  readonly rowHash: (id: number, cells: readonly (string | null)[], previous: string) => string;
}

/** `problem` is in our own words. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/**
 * Whether an approver's passkey signed exactly what a row says, checked with the public keys alone, without the process that decided.
 * Not checked: where the row stands in the log, and that its time is exact (it was within the ceremony).
 */
export async function verifyDecision({ row: columns, decision, approvers, rowHash }: Evidence): Promise<Verdict> {
  const row = readRow(columns);
  if (row === null) return not('this is not the row of a decision');
  if (rowHash(row.id, cellsOf(row), row.prev_hash) !== row.hash)
    return not('the row does not have the hash of its content');
  if (decision.assertion === null) return not('this decision was not signed: it was made without a passkey');
  const body = readBody(decision.body);
  if (body === null || body.request !== decision.request_id) return not('what was decided cannot be read');
  const signed = await signer(decision.body, decision.assertion, approvers);
  if ('problem' in signed) return not(signed.problem);
  const stray = strayColumn(row, { body, text: decision.body, passkey: signed.passkey });
  return stray === null ? { ok: true } : not(`the column ${stray} does not say what was signed`);
}

const assertionJson = z.strictObject({
  version: z.literal(1),
  credentialId: z.string(),
  fingerprint: z.string(),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{43}$/u),
  origin: z.string(),
  rpId: z.string(),
  clientDataJSON: z.string(),
  authenticatorData: z.string(),
  signature: z.string(),
  deviceType: z.string(),
  backedUp: z.boolean(),
  counter: z.int(),
});

type Assertion = z.infer<typeof assertionJson>;

function not(problem: string): Verdict {
  return { ok: false, problem };
}

async function signer(
  body: string,
  text: string,
  { approvers, former }: Evidence['approvers'],
): Promise<{ readonly passkey: PairedPasskey | FormerPasskey } | { readonly problem: string }> {
  const assertion = readAssertionText(text);
  if (assertion === null) return { problem: 'the signature cannot be read' };
  const passkeys = [...approvers.filter((approver) => approver.factor === 'passkey'), ...former];
  const passkey = passkeys.find(({ credentialId }) => credentialId === assertion.credentialId);
  if (passkey === undefined) return { problem: 'it was signed by a passkey that was never paired here' };
  const isSigned = isOf(passkey, assertion) && (await isSignedBy(passkey, assertion, body));
  return isSigned ? { passkey } : { problem: 'the signature does not fit what was decided' };
}

function readAssertionText(text: string): Assertion | null {
  try {
    return assertionJson.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isOf({ fingerprint, origin, rpId }: PairedPasskey, assertion: Assertion): boolean {
  return assertion.fingerprint === fingerprint && assertion.origin === origin && assertion.rpId === rpId;
}

async function isSignedBy(passkey: PairedPasskey, assertion: Assertion, body: string): Promise<boolean> {
  const { credentialId, nonce, counter, deviceType, backedUp } = assertion;
  const challenge = challengeFor('decision', Buffer.from(nonce, 'base64url'), body);
  // The counter has gone on since; that it did not go back was checked at the time.
  const check = await checkAssertion({ ...assertion, id: credentialId }, challenge, { ...passkey, counter: 0 });
  return check.ok && check.counter === counter && check.deviceType === deviceType && check.backedUp === backedUp;
}
