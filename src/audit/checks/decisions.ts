import { z } from 'zod';
import { isoTime } from '../../core/clock.ts';
import { sha256 } from '../../core/canonical.ts';
import { oneLine } from '../../core/text.ts';
import type { DecisionRecord, Row } from '../records.ts';
import { said, subjectOf } from '../records.ts';
import type { Problems } from '../report.ts';

/** The row as it stands in the table, with what was decided. */
export interface DecisionEvidence {
  readonly row: Readonly<Record<string, unknown>>;
  readonly decision: Omit<DecisionRecord, 'kind'>;
}

/** Checks the passkey's signature of a decision row. `problem` is in our own words. */
export type VerifyDecision = (
  evidence: DecisionEvidence,
) => Promise<{ readonly ok: true } | { readonly ok: false; readonly problem: string }>;

/** That the rows of a decision say what was decided, in every column, and that what was signed was. */
export class DecisionCheck {
  readonly #problems: Problems;
  readonly #verify: VerifyDecision | null;
  #current: (DecisionRecord & { readonly hash: string; readonly body: string; used: boolean }) | null = null;
  #pending: Promise<void>[] = [];
  count = 0;
  signed = 0;
  /** Decision rows by the factor that nobody can check afterwards. */
  readonly unsigned = new Map<string, number>();
  /** Decision rows whose signature nobody was there to check. */
  unchecked = 0;

  constructor(options: { problems: Problems; verify: VerifyDecision | null }) {
    this.#problems = options.problems;
    this.#verify = options.verify;
  }

  take(record: DecisionRecord): void {
    this.end();
    this.count += 1;
    this.#current = { ...record, hash: sha256(record.body), used: false };
  }

  /** Of every row. @param columns gives the row as it stands in the table */
  row(row: Row, columns: () => Readonly<Record<string, unknown>>): void {
    const hash = said(row, 'decision');
    const isDecision = row.action === 'approved' || row.action === 'denied';
    if (hash === null && !isDecision) return this.end();
    const current = this.#current;
    if (hash === null) return this.#bad(row, 'it does not say what was decided');
    if (current === null || current.request_id !== (row.request ?? said(row, 'request')))
      return this.#bad(row, 'what was decided is missing');
    current.used = true;
    if (current.hash !== hash) return this.#bad(row, 'what was decided is another than the row says');
    if (!isDecision) return;
    const body = bodyOf(current.body);
    const stray = body === null || body === 'first' ? null : strayOf(row, body);
    if (body === null) this.#bad(row, 'what was decided cannot be read');
    if (stray !== null) this.#bad(row, `its ${stray} is not what was decided`);
    this.#signature(row, current, columns);
  }

  /** Before the next decision, at a row that has none, and at the end. */
  end(): void {
    if (this.#current?.used !== false) return;
    this.#current.used = true;
    this.#problems.add(
      null,
      'decision',
      `there is a decision about request ${oneLine(this.#current.request_id)} without a row`,
    );
  }

  /** Resolves when the signatures so far are checked. */
  async settled(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
  }

  #signature(
    row: Row,
    { request_id, body, assertion }: DecisionRecord,
    columns: () => Readonly<Record<string, unknown>>,
  ): void {
    const factor = row.factor ?? '';
    if (factor !== 'passkey' && assertion === null)
      return void this.unsigned.set(factor, (this.unsigned.get(factor) ?? 0) + 1);
    if (assertion === null) return this.#bad(row, 'it is said to be made with a passkey, but there is no signature');
    if (this.#verify === null) return void (this.unchecked += 1);
    const evidence = { row: columns(), decision: { request_id, body, assertion } };
    this.#pending.push(
      this.#verify(evidence).then((verdict) => {
        if (verdict.ok) this.signed += 1;
        else this.#bad(row, verdict.problem);
      }),
    );
  }

  #bad({ id }: Row, says: string): void {
    this.#problems.add(id, 'decision', says);
  }
}

const secret = z.looseObject({ id: z.string(), name: z.string() });

const bodySchema = z.looseObject({
  version: z.literal(2),
  request: z.string(),
  approve: z.boolean(),
  session: z.string(),
  agent: z.string(),
  operation: z.string(),
  vault: z.string(),
  secrets: z.array(secret),
  refused: z.array(secret),
  reason: z.string(),
  windowMs: z.int().nonnegative(),
  scope: z.string(),
});

type Body = z.infer<typeof bodySchema>;

const columns = ['request', 'session', 'agent', 'operation', 'vault', 'reason', 'scope'] as const;

/** The first thing in which a row is not what was decided; null if there is none. */
function strayOf(row: Row, body: Body): string | null {
  const other = columns.find((column) => row[column] !== body[column]);
  if (other !== undefined) return other;
  const subject = subjectOf(row);
  const isIn = (secrets: Body['secrets']): boolean =>
    secrets.some(({ id, name }) => name === row.name && (id === subject || subject === row.name));
  const isApproved = body.approve && isIn(body.secrets);
  if (!isIn([...body.secrets, ...body.refused])) return 'name';
  if (row.action !== (isApproved ? 'approved' : 'denied')) return 'action';
  return row.ttl === (isApproved ? windowEnd(row, body) : null) ? null : 'ttl';
}

function windowEnd({ at }: Row, { windowMs }: Body): string | null {
  return windowMs === 0 ? null : isoTime(at + windowMs);
}

const firstSchema = z.looseObject({ version: z.literal(1) });

/** `first`: in the first release there was another one, which says nothing of what was left out. Null: it cannot be read. */
function bodyOf(text: string): Body | 'first' | null {
  try {
    const given: unknown = JSON.parse(text);
    return firstSchema.safeParse(given).success ? 'first' : (bodySchema.safeParse(given).data ?? null);
  } catch {
    return null;
  }
}
