import type { Approvals } from './approvals.ts';
import type { AuditRow } from './audit-row.ts';
import type { Clock } from './clock.ts';
import { VaultError } from './errors.ts';
import type { Claim, NewRequest } from './live-request.ts';
import type { Ending, Released } from './outcome.ts';
import { rule } from './policy.ts';
import type { AuditLog, Call, Vault } from './ports.ts';
import type { Entry, Session } from './request.ts';
import type { Step } from './rows.ts';
import { requestRows, rowsFor } from './rows.ts';
import type { Secret } from './secret.ts';
import type { Vaults } from './vaults.ts';
import { endOf } from './waiting.ts';
import type { Waiting } from './waiting.ts';
import type { Window, Windows } from './windows.ts';
import { unheard } from './witness.ts';
import type { Witness } from './witness.ts';

/** A read whose input is parsed and whose names are known. */
export interface Read {
  readonly key: string;
  readonly session: Session;
  readonly tool: string;
  readonly vault: Vault;
  readonly entries: readonly Entry[];
  /** The names as the call gave them; several may mean one entry. */
  readonly names: ReadonlyMap<string, Entry>;
  readonly reason: string;
  /** Names that the person left out of the approval. */
  readonly refused?: readonly string[];
  readonly call: Call;
  /** Monotonic clock, milliseconds. */
  readonly deadline: number;
}

export interface ReadingOptions {
  readonly vaults: Vaults;
  readonly approvals: Approvals;
  readonly windows: Windows;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly waiting: Waiting;
  readonly witness: Witness;
}

/** Why each entry may be read now: the window or the claim that covers it. */
interface Cover {
  readonly entry: Entry;
  readonly window: Window | null;
  readonly claim: Claim | null;
}

/** Reads: asks for what no window covers, fetches after the approval, and writes the row before the value leaves. */
export class Reading {
  readonly #options: ReadingOptions;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  async run(read: Read): Promise<Released | Ending> {
    const claims: Claim[] = [];
    try {
      for (;;) {
        claims.push(...this.#claimable(read));
        const allowed = withoutRefused(read, claims);
        const asked = this.#uncovered(allowed, claims);
        const outcome =
          asked.length === 0 ? await this.#release(allowed, claims) : await this.#ask(allowed, asked, claims);
        if (outcome !== null) return outcome;
      }
    } finally {
      for (const claim of claims) claim.giveBack();
    }
  }

  #claimable({ key, session, vault, entries }: Read): Claim[] {
    const { approvals } = this.#options;
    const [only, ...more] = entries;
    const narrows = only?.within !== undefined && more.length === 0;
    return [...approvals.claims(key), ...(narrows ? approvals.narrowed(session.id, vault.name, only.within) : [])];
  }

  #uncovered(read: Read, claims: readonly Claim[]): Entry[] {
    const uncovered = this.#covers(read, claims).filter((cover) => cover.window === null && cover.claim === null);
    return uncovered.map((cover) => cover.entry);
  }

  #covers({ session, vault, entries }: Read, claims: readonly Claim[]): Cover[] {
    const { windows } = this.#options;
    return entries.map((entry) => {
      const claim = claims.find((candidate) => candidate.isGood() && covers(candidate, entry)) ?? null;
      const ruling = rule('read', vault.policy, windows.covering(session.id, vault.name, entry));
      return { entry, claim, window: claim === null && ruling.kind === 'open' ? ruling.window : null };
    });
  }

  #isStill({ session, vault }: Read, { entry, claim }: Cover): boolean {
    return claim?.isGood() ?? this.#options.windows.covering(session.id, vault.name, entry) !== null;
  }

  /** Asks the person, or joins who asked already. Null: something was approved, look again. */
  async #ask(read: Read, asked: readonly Entry[], claims: Claim[]): Promise<Released | Ending | null> {
    const { approvals, waiting } = this.#options;
    const untold = approvals.untold(read.key);
    if (untold !== null) return endOf(untold);
    const request = approvals.join(read.key, read.reason) ?? approvals.open(newRequest(read, asked));
    const end = await waiting.on(request, read.call, read.deadline);
    if (end.kind !== 'approved') return waiting.outcome(end, request, read.call);
    claims.push(end.claim);
    return null;
  }

  /** Fetches, then commits the rows, then lets go. Null: a window or an approval ended meanwhile, look again. */
  async #release(read: Read, claims: readonly Claim[]): Promise<Released | Ending | null> {
    const { audit, witness } = this.#options;
    const values = await this.#fetch(read, claims);
    stopIfAborted(read.call);
    const covered = this.#covers(read, claims);
    if (covered.some((cover) => cover.window === null && cover.claim === null)) return null;
    const rows = await audit.append(covered.map((cover) => this.#row(read, cover)));
    stopIfAborted(read.call);
    if (!(await witness.confirm(rows))) await this.#unheard(read, claims);
    stopIfAborted(read.call);
    if (!covered.every((cover) => this.#isStill(read, cover))) return this.#ended(read, claims);
    for (const claim of new Set(covered.flatMap((cover) => cover.claim ?? []))) this.#spend(claim, read);
    return { status: 'released', values: named(read, values), refused: read.refused ?? [] };
  }

  async #fetch(read: Read, claims: readonly Claim[]): Promise<readonly Secret[]> {
    const { vaults } = this.#options;
    const { vault, entries, call } = read;
    try {
      const values = await vaults.ask(vault, (provider, given) => provider.fetch(entries, given), {
        signal: call.signal,
      });
      if (values.length === entries.length) return values;
      throw new VaultError(
        'provider_unavailable',
        `vault "${vault.name}" gave ${values.length} values for ${entries.length} names`,
      );
    } catch (thrown) {
      stopIfAborted(call);
      const error =
        thrown instanceof VaultError ? thrown : new VaultError('internal', 'the read failed', { cause: thrown });
      await this.#failed(read, claims, error);
      throw error;
    }
  }

  /** The rows say that values were released: another one says that they were not. */
  async #unheard(read: Read, claims: readonly Claim[]): Promise<never> {
    const error = unheard();
    await this.#failed(read, claims, error);
    throw error;
  }

  async #ended(read: Read, claims: readonly Claim[]): Promise<null> {
    await this.#failed(read, claims, new VaultError('closing', 'what allowed this read has ended'));
    return null;
  }

  async #failed(read: Read, claims: readonly Claim[], error: VaultError): Promise<void> {
    const { audit, clock } = this.#options;
    const [claim, ...more] = claims;
    const isOne = claim?.request.names.length === 1 && more.length === 0 && read.entries.length === 1;
    if (isOne && error.failure === 'secret_ambiguous') claim.request.narrowing = true;
    const requestId = claim === undefined ? {} : { requestId: claim.request.id };
    const failed = { ...step(read, clock), ...requestId, action: 'failed', detail: { cause: error.failure } } as const;
    await audit.append(rowsFor(read.entries, failed));
  }

  #row(read: Read, { entry, claim, window }: Cover): AuditRow {
    const { clock } = this.#options;
    if (claim !== null) return releasedRow(read, entry, claim, clock.wall());
    if (window === null) throw new VaultError('internal', 'a value without a window or an approval');
    const detail = { window: window.request };
    const auto = { ...step(read, clock), action: 'auto_approved', ttlExpiresAt: window.until.wall, detail } as const;
    return only(rowsFor([entry], auto));
  }

  /** The window opens with the release, counted from the approval. */
  #spend(claim: Claim, { entries }: Read): void {
    const { until, scope, approver } = claim.decision;
    const { id, session, vault, decidedAt } = claim.request;
    claim.spend();
    if (until === undefined) return;
    const released = entries.filter((entry) => covers(claim, entry));
    for (const entry of scope === 'vault' ? [null] : released) {
      this.#options.windows.open({ session, vault, entry, until, request: id, approver }, decidedAt);
    }
  }
}

/** What the rows of a read without a request have in common. */
function step({ session, vault, reason }: Read, clock: Clock): Omit<Step, 'action'> {
  return { at: clock.wall(), session, vault: vault.name, operation: 'read', reason, scope: vault.policy.scope };
}

/** The approved reason stays; one that this call gave instead of it is noted. */
function releasedRow(read: Read, entry: Entry, claim: Claim, at: number): AuditRow {
  const { request, decision } = claim;
  const detail = read.reason === request.reason ? {} : { callReason: read.reason };
  return only(requestRows({ ...request, decision, names: [entry] }, 'released', at, detail));
}

function newRequest({ key, session, tool, vault, reason }: Read, names: readonly Entry[]): NewRequest {
  return {
    key,
    session,
    operation: 'read',
    tool,
    vault: vault.name,
    vaultType: vault.type,
    policy: vault.policy,
    names,
    reason,
  };
}

/** An approval of a whole covers a part of it only after the whole turned out to mean several: see `Approvals.narrowed`. */
function covers({ request, decision: { allowed } }: Claim, { id, within }: Entry): boolean {
  return allowed.has(id) || (request.narrowing && within !== undefined && allowed.has(within));
}

/** Without the names that the person left out: they are neither asked for again nor read through a window. */
function withoutRefused(read: Read, claims: readonly Claim[]): Read {
  const refused = new Set(
    claims.flatMap(({ request, decision }) =>
      request.names.filter(({ id }) => !decision.allowed.has(id)).map(({ id }) => id),
    ),
  );
  if (refused.size === 0) return read;
  const names = [...read.names];
  return {
    ...read,
    entries: read.entries.filter(({ id }) => !refused.has(id)),
    names: new Map(names.filter(([, { id }]) => !refused.has(id))),
    refused: names.filter(([, { id }]) => refused.has(id)).map(([name]) => name),
  };
}

/** A cancelled call is never answered with a value. */
function stopIfAborted(call: Call): void {
  if (call.signal.aborted) throw new VaultError('closing', 'the call was cancelled');
}

/** Every name that was asked for, with the value of its entry. */
function named({ names, entries }: Read, values: readonly Secret[]): Released['values'] {
  const byId = new Map(entries.map((entry, at) => [entry.id, values[at]]));
  return [...names].map(([name, { id }]) => ({ name, value: present(byId.get(id)) }));
}

function present(value: Secret | undefined): Secret {
  if (value === undefined) throw new VaultError('internal', 'a value is missing');
  return value;
}

function only(rows: readonly AuditRow[]): AuditRow {
  const [row] = rows;
  if (row === undefined) throw new VaultError('internal', 'a step without a row');
  return row;
}
