import type { Approvals } from './approvals.ts';
import type { Clock } from './clock.ts';
import { asVaultError, VaultError } from './errors.ts';
import type { Claim, LiveRequest } from './live-request.ts';
import type { Ending, Saved } from './outcome.ts';
import type { AuditLog, Call, Provider, Vault, Writer } from './ports.ts';
import type { AskedName, PlannedWrite, Session } from './request.ts';
import { requestRows } from './rows.ts';
import { unheard } from './witness.ts';
import type { Witness } from './witness.ts';
import type { Secret } from './secret.ts';
import { maskedPreview } from './text.ts';
import type { Vaults } from './vaults.ts';
import { endOf, pending } from './waiting.ts';
import type { Waiting } from './waiting.ts';

/** A write whose input is parsed and whose vault allows writing. */
export interface Write {
  readonly key: string;
  readonly session: Session;
  readonly tool: string;
  readonly vault: Vault;
  readonly writes: readonly { readonly name: string; readonly value: Secret }[];
  readonly reason: string;
  readonly call: Call;
  /** Monotonic clock, milliseconds. */
  readonly deadline: number;
}

export interface WritingOptions {
  readonly vaults: Vaults;
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly waiting: Waiting;
  readonly witness: Witness;
}

/** Writes: planned before anybody is asked, always asked for, carried out once on approval. */
export class Writing {
  readonly #options: WritingOptions;

  constructor(options: WritingOptions) {
    this.#options = options;
  }

  async run(write: Write): Promise<Saved | Ending> {
    const { approvals, waiting } = this.#options;
    const [claimed] = approvals.claims(write.key);
    if (claimed !== undefined) return this.#collect(claimed, write);
    const untold = approvals.untold(write.key);
    if (untold !== null) return endOf(untold);
    const request = approvals.join(write.key, write.reason) ?? (await this.#open(write));
    const end = await waiting.on(request, write.call, write.deadline);
    return end.kind === 'approved' ? this.#collect(end.claim, write) : waiting.outcome(end, request, write.call);
  }

  async #open(write: Write): Promise<LiveRequest> {
    const { approvals, vaults } = this.#options;
    const { key, session, tool, vault, writes, reason, call } = write;
    approvals.checkRoom(session.id);
    const plan = await vaults.ask(vault, (provider, given) => writer(provider, vault).plan(writes, given), {
      signal: call.signal,
    });
    // While the plan was made, the same call may have come in again.
    const joined = approvals.join(key, reason);
    if (joined !== null) return joined;
    const perform = (request: LiveRequest): Promise<void> => this.#perform(request, vault, plan);
    const names = plan.map(asked);
    const { name, type, policy } = vault;
    return approvals.open({
      key,
      session,
      operation: 'write',
      tool,
      vault: name,
      vaultType: type,
      policy,
      names,
      reason,
      perform,
    });
  }

  /** The row first, then the write. */
  async #perform(request: LiveRequest, vault: Vault, plan: readonly PlannedWrite[]): Promise<void> {
    const { audit, clock, vaults, witness } = this.#options;
    const rows = await audit.append(requestRows(request, 'released', clock.wall()));
    try {
      if (!(await witness.confirm(rows))) throw unheard();
      await vaults.ask(vault, (provider, given) => writer(provider, vault).write(plan, given), { write: true });
    } catch (thrown) {
      const error = asVaultError(thrown, 'internal', 'the write failed');
      const rows = requestRows(request, 'failed', clock.wall(), { cause: error.failure }, { message: error.message });
      // What remains of the write matters more to the caller than that the log, which says so itself, has failed as well.
      await audit.append(rows).catch(() => undefined);
      throw error;
    }
  }

  /** Waits for the write that this claim's approval started, as long as the call may block. */
  async #collect(claim: Claim, { call, deadline }: Write): Promise<Saved | Ending> {
    const { request } = claim;
    const { waiting, clock } = this.#options;
    let stop = (): void => undefined;
    const late = new Promise<'late'>((resolve) => {
      const left = waiting.left(deadline);
      stop = Number.isFinite(left) ? clock.after(left, () => resolve('late')) : stop;
    });
    const done = Promise.resolve(request.work).then(() => 'done' as const);
    try {
      const ended = await Promise.race([done, late]);
      if (ended === 'late' || call.signal.aborted) return pending(request, true);
      claim.spend();
      return {
        status: 'saved',
        saved: request.names.map(({ name, effect }) => ({ name, effect: effect ?? 'replace' })),
      };
    } catch (thrown) {
      if (!call.signal.aborted) claim.spend();
      throw thrown;
    } finally {
      stop();
      claim.giveBack();
    }
  }
}

/** Throws `vault_read_only` for a provider that cannot write. */
function writer(provider: Provider, vault: Vault): Writer {
  if (provider.writer === undefined) {
    throw new VaultError('vault_read_only', `vault "${vault.name}" cannot be written: its provider has no way to`);
  }
  return provider.writer;
}

function asked({ value, ...entry }: PlannedWrite): AskedName {
  return { ...entry, preview: maskedPreview(value.reveal()) };
}
