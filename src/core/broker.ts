import { createHmac } from 'node:crypto';
import type { Approvals } from './approvals.ts';
import { canonical } from './canonical.ts';
import type { Clock } from './clock.ts';
import type { Failure } from './errors.ts';
import { VaultError } from './errors.ts';
import { parseName, parseNames, parseReason, parseWrites } from './input.ts';
import type { Ending, Released, Saved, VaultListing } from './outcome.ts';
import type { AuditLog, Call, Doorway, Log, Random, Vault } from './ports.ts';
import { rule } from './policy.ts';
import type { Policies } from './policies.ts';
import { Reading } from './reading.ts';
import type { Operation, Session, SessionId } from './request.ts';
import { rowsFor } from './rows.ts';
import { Secret } from './secret.ts';
import type { Vaults } from './vaults.ts';
import { Waiting } from './waiting.ts';
import type { Windows } from './windows.ts';
import { noWitness } from './witness.ts';
import type { Witness } from './witness.ts';
import { Writing } from './writing.ts';

export interface BrokerOptions {
  readonly vaults: Vaults;
  readonly approvals: Approvals;
  readonly policies: Policies;
  readonly windows: Windows;
  readonly audit: AuditLog;
  readonly doorway: Doorway;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Asked before anything leaves; nobody if it is missing. */
  readonly witness?: Witness;
}

/** What every call carries. `tool` is where it came in: the same names through another tool are another request. */
export interface Ask {
  readonly tool: string;
  readonly vault: string;
  readonly reason: string;
}

/** The order of events: policy, person, audit row, provider, audit row, value. Knows sessions and operations, not MCP. */
export class Broker {
  readonly #vaults: Vaults;
  readonly #approvals: Approvals;
  readonly #policies: Policies;
  readonly #windows: Windows;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #valueKey: Uint8Array;
  readonly #refusals = new Map<SessionId, number>();
  readonly #reading: Reading;
  readonly #writing: Writing;

  constructor(options: BrokerOptions) {
    this.#vaults = options.vaults;
    this.#approvals = options.approvals;
    this.#policies = options.policies;
    this.#windows = options.windows;
    this.#audit = options.audit;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#valueKey = options.random.bytes(32);
    const waiting = new Waiting(options);
    const witness = options.witness ?? noWitness;
    this.#reading = new Reading({ ...options, waiting, witness });
    this.#writing = new Writing({ ...options, waiting, witness });
  }

  /** Every vault with the names in it, or the reason why it cannot say. */
  async list(signal: AbortSignal): Promise<readonly VaultListing[]> {
    await this.#policies.look();
    return Promise.all(this.#vaults.all().map((vault) => this.#listing(vault, signal)));
  }

  /** Throws VaultError; whatever it throws, nothing was released. */
  async read(
    session: Session,
    ask: Ask & { readonly names: readonly string[] },
    call: Call,
  ): Promise<Released | Ending> {
    const deadline = this.#clock.monotonic() + call.budgetMs;
    const reason = parseReason(ask.reason);
    const names = parseNames(ask.names);
    await this.#policies.look();
    const known = { session, operation: 'read', reason, names, vault: ask.vault } as const;
    const vault = await this.#refusing(known, async () => this.#vaults.get(parseName(ask.vault)));
    const found = await this.#refusing(known, () => this.#vaults.resolve(vault, names, call.signal));
    const key = canonical([session.id, ask.tool, vault.name, [...names].sort()]);
    const read = { key, session, tool: ask.tool, vault, ...found, reason, call, deadline };
    return this.#refusing(known, () => this.#reading.run(read), suppressions);
  }

  /** Always asks. Carried out on approval, whether or not this call still waits. */
  async write(
    session: Session,
    ask: Ask & { readonly writes: readonly { name: string; value: string }[] },
    call: Call,
  ): Promise<Saved | Ending> {
    const deadline = this.#clock.monotonic() + call.budgetMs;
    const reason = parseReason(ask.reason);
    const writes = parseWrites(ask.writes);
    await this.#policies.look();
    const known = {
      session,
      operation: 'write',
      reason,
      names: writes.map((write) => write.name),
      vault: ask.vault,
    } as const;
    const vault = await this.#refusing(known, async () => this.#writable(parseName(ask.vault)));
    const values = createHmac('sha256', this.#valueKey)
      .update(canonical(writes.map(pair).sort(byName)))
      .digest('hex');
    const key = canonical([session.id, ask.tool, vault.name, values]);
    const secrets = writes.map(({ name, value }) => ({ name, value: new Secret(value) }));
    const write = { key, session, tool: ask.tool, vault, writes: secrets, reason, call, deadline };
    return this.#refusing(known, () => this.#writing.run(write), suppressions);
  }

  /** The agent's client is gone: its requests are withdrawn, its windows closed. */
  endSession(session: SessionId, cause: string): void {
    this.#approvals.endSession(session, cause);
    this.#windows.closeSession(session);
    this.#refusals.delete(session);
  }

  async #listing(vault: Vault, signal: AbortSignal): Promise<VaultListing> {
    try {
      const entries = await this.#vaults.ask(vault, (provider, call) => provider.list(call), { signal });
      return { vault: vault.name, names: entries.map(({ name, group }) => ({ name, group: group ?? null })) };
    } catch (thrown) {
      const unavailable = thrown instanceof VaultError ? thrown.message : `vault "${vault.name}" could not answer`;
      return { vault: vault.name, unavailable };
    }
  }

  #writable(name: string): Vault {
    const vault = this.#vaults.get(name);
    const ruling = rule('write', vault.policy, null);
    if (ruling.kind === 'refuse') {
      const hint = `set "writable": true for the vault "${vault.name}" in the config, and approve that, to allow it`;
      throw new VaultError(ruling.failure, `vault "${vault.name}" is read-only`, { hint });
    }
    return vault;
  }

  /** Runs what may refuse before anybody is asked; such a refusal is written down. */
  async #refusing<Result>(asked: Asked, run: () => Promise<Result>, failures = refusals): Promise<Result> {
    try {
      return await run();
    } catch (thrown) {
      if (thrown instanceof VaultError && failures.has(thrown.failure)) await this.#refused(asked, thrown);
      throw thrown;
    }
  }

  /** Nobody is asked about these, so that nobody slows an agent down that makes them by the thousand: few rows, and not without end. */
  async #refused({ names, ...asked }: Asked, error: VaultError): Promise<void> {
    const { id } = asked.session;
    const count = (this.#refusals.get(id) ?? 0) + 1;
    this.#refusals.set(id, count);
    if (count === maxRefusals)
      this.#log.warn(`session ${id} was refused ${count} times; further refusals are not written down`);
    if (count > maxRefusals) return;
    const refused = error.names ?? names;
    const entries = refused.slice(0, refusedRows).map((name) => ({ id: name, name }));
    const detail = { cause: error.failure, ...(refused.length > refusedRows ? { names: refused.length } : {}) };
    await this.#audit.append(rowsFor(entries, { ...asked, action: 'refused', at: this.#clock.wall(), detail }));
  }
}

/** Rows of one refused call; `detail` has the number of names where it is larger. */
const refusedRows = 5;
/** Refused calls of one session that are written down. */
const maxRefusals = 1_000;
const refusals: ReadonlySet<Failure> = new Set(['vault_unknown', 'vault_read_only', 'secret_unknown']);
/** A person would have been asked, had they not been asked enough. */
const suppressions: ReadonlySet<Failure> = new Set(['too_many_requests', 'denied_recently', 'session_muted']);

interface Asked {
  readonly session: Session;
  readonly operation: Operation;
  readonly reason: string;
  readonly names: readonly string[];
  readonly vault: string;
}

function pair({ name, value }: { name: string; value: string }): readonly [string, string] {
  return [name, value];
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
