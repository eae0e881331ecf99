import { z } from 'zod';
import { hashedColumns } from '../core/audit-row.ts';
import type { Json } from '../core/canonical.ts';
import { canonical, sha256 } from '../core/canonical.ts';
import { isoTime } from '../core/clock.ts';
import { ceremonyMs } from './ceremonies.ts';
import type { FormerPasskey, PairedPasskey } from './records.ts';
import type { SignedBody } from './signed-body.ts';

type CellName = (typeof hashedColumns)[number];

const text = z.string();

/** A decision's row of the table `audit`: of its columns, only the end of a window can be missing. */
const row = z.strictObject({
  id: z.int().positive(),
  timestamp: z.iso.datetime(),
  secret_name: text,
  reason: text,
  action: text,
  scope: text,
  ttl_expires_at: text.nullable(),
  vault: text,
  operation: text,
  request_id: text,
  session: text,
  agent: text,
  approver: text,
  factor: text,
  detail: text,
  prev_hash: text,
  hash: text,
});

export type SignedRow = z.infer<typeof row>;

/** Null for what is no decision's row. @param columns as `SELECT * FROM audit` gives them */
export function readRow(columns: Readonly<Record<string, unknown>>): SignedRow | null {
  return row.safeParse(columns).data ?? null;
}

/** What a row's hash covers, between its id and the previous hash. */
export function cellsOf(row: SignedRow): readonly (string | null)[] {
  return hashedColumns.map((name) => row[name]);
}

export interface Signed {
  readonly body: SignedBody;
  /** As it was hashed. */
  readonly text: string;
  readonly passkey: PairedPasskey | FormerPasskey;
}

/** The first column that does not say what was signed; null if all do. Looks at no hash. */
export function strayColumn(row: SignedRow, signed: Signed): CellName | null {
  const { body, passkey } = signed;
  if (!isWithin(row, signed)) return 'timestamp';
  if (!isDetail(row, signed)) return 'detail';
  const said: Partial<Record<CellName, string | null>> = {
    secret_name: secretOf(row, body)?.name ?? null,
    reason: body.reason,
    action: isApproved(row, body) ? 'approved' : 'denied',
    scope: body.scope,
    ttl_expires_at: isApproved(row, body) ? windowEnd(row, body) : null,
    vault: body.vault,
    operation: body.operation,
    request_id: body.request,
    session: body.session,
    agent: body.agent,
    approver: passkey.name,
    factor: passkey.factor,
  };
  return hashedColumns.find((name) => said[name] !== undefined && said[name] !== row[name]) ?? null;
}

/** The clock may have been set a little while the person read. */
const slackMs = 10_000;

function secretOf({ secret_name }: SignedRow, { secrets, refused }: SignedBody): SignedBody['secrets'][number] | null {
  return [...secrets, ...refused].find(({ name }) => name === secret_name) ?? null;
}

function isApproved({ secret_name }: SignedRow, { approve, refused }: SignedBody): boolean {
  return approve && refused.every(({ name }) => name !== secret_name);
}

function windowEnd({ timestamp }: SignedRow, { windowMs }: SignedBody): string | null {
  return windowMs === 0 ? null : isoTime(Date.parse(timestamp) + windowMs);
}

/** Within the ceremony, before the request's end, and while the passkey counted. */
function isWithin({ timestamp }: SignedRow, { body, passkey }: Signed): boolean {
  const at = Date.parse(timestamp);
  const from = [body.issuedAt, passkey.addedAt].map((time) => Date.parse(time));
  const ends = [body.expiresAt, ...('removedAt' in passkey ? [passkey.removedAt] : [])].map((time) => Date.parse(time));
  const until = [Date.parse(body.issuedAt) + ceremonyMs, ...ends];
  return at >= Math.max(...from) - slackMs && at <= Math.min(...until) + slackMs;
}

/** Reasons that the agent gave on other calls were not shown to be signed. */
function isDetail(row: SignedRow, { body, text }: Signed): boolean {
  const found = readDetail(row.detail);
  if (found === null) return false;
  const { otherReasons: _, ...said } = found;
  return canonical(said) === canonical(detailFor(row, body, sha256(text)));
}

function detailFor(row: SignedRow, body: SignedBody, decision: string): Json {
  const secret = secretOf(row, body);
  const isDenied = !isApproved(row, body);
  return {
    secretId: secret === null || secret.id === '' || secret.id === secret.name ? undefined : secret.id,
    title: secret?.title,
    note: isDenied && body.note !== null ? body.note : undefined,
    mute: isDenied && body.mute ? true : undefined,
    decision,
  };
}

function readDetail(detail: string): Readonly<Record<string, Json>> | null {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(detail));
  } catch {
    return null;
  }
}
