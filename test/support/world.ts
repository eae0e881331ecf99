import { setImmediate } from 'node:timers/promises';
import { Approvals } from '../../src/core/approvals.ts';
import type { ApprovalLimits } from '../../src/core/approvals.ts';
import type { AuditAction, AuditRow, CommittedRow, DecisionRecord } from '../../src/core/audit-row.ts';
import { Broker } from '../../src/core/broker.ts';
import { VaultError } from '../../src/core/errors.ts';
import type { Choice } from '../../src/core/choice.ts';
import { plainChoice } from '../../src/core/choice.ts';
import { createBoard } from '../../src/core/board.ts';
import type { VaultPolicy } from '../../src/core/policy.ts';
import type { Announcement, AuditLog, Call, Doorway, Log, Provider, Vault } from '../../src/core/ports.ts';
import type { Entry, PlannedWrite, RequestId, Session } from '../../src/core/request.ts';
import { sessionId } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';
import { Signal } from '../../src/core/signal.ts';
import { Vaults } from '../../src/core/vaults.ts';
import { Windows } from '../../src/core/windows.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { TestClock } from './clock.ts';
import { MemoryPolicies } from './policies.ts';

/** An audit log in memory that can be made to fail or to wait. It leaves out: the file, the chain, other processes. */
export class MemoryAudit implements AuditLog {
  readonly rows: AuditRow[] = [];
  readonly decisions: DecisionRecord[] = [];
  failing = false;
  /** Rows of this action cannot be written. */
  failsOn: AuditAction | null = null;
  /** While set, commits wait for it. */
  gate: Promise<void> | null = null;

  async append(rows: readonly AuditRow[], decision?: DecisionRecord): Promise<readonly CommittedRow[]> {
    if (this.gate !== null) await this.gate;
    if (this.failing || rows.some(({ action }) => action === this.failsOn))
      throw new VaultError('audit_unavailable', 'the audit log cannot be written');
    this.rows.push(...rows);
    if (decision !== undefined) this.decisions.push(decision);
    return rows.map((row, at) => ({ ...row, seq: this.rows.length - rows.length + at + 1, hash: '' }));
  }

  async close(): Promise<void> {
    await this.gate;
  }

  actions(): AuditAction[] {
    return this.rows.map((row) => row.action);
  }

  of(action: AuditAction): AuditRow[] {
    return this.rows.filter((row) => row.action === action);
  }
}

/** A provider in memory: what is asked of it can be watched, made to fail, or held up. */
export class MemoryProvider implements Provider {
  readonly values = new Map<string, string>();
  fetches = 0;
  failing: VaultError | null = null;
  gate: Promise<void> | null = null;

  constructor(values: Record<string, string>) {
    for (const [name, value] of Object.entries(values)) this.values.set(name, value);
  }

  async list(): Promise<readonly Entry[]> {
    return [...this.values.keys()].map((name) => ({ id: name, name }));
  }

  async resolve(names: readonly string[]): Promise<readonly (Entry | null)[]> {
    return names.map((name) => this.#entry(name));
  }

  async fetch(entries: readonly Entry[]): Promise<readonly Secret[]> {
    this.fetches += 1;
    await this.gate;
    if (this.failing !== null) throw this.failing;
    return entries.map(({ id }) => new Secret(this.values.get(id) ?? `field of ${id}`));
  }

  readonly writer = {
    plan: async (writes: readonly { name: string; value: Secret }[]): Promise<readonly PlannedWrite[]> =>
      writes.map(({ name, value }) => ({
        id: name,
        name,
        value,
        effect: this.values.has(name) ? 'replace' : 'create',
      })),
    write: async (writes: readonly PlannedWrite[]): Promise<void> => {
      await this.gate;
      if (this.failing !== null) throw this.failing;
      for (const { name, value } of writes) this.values.set(name, value.reveal());
    },
  };

  async close(): Promise<void> {
    this.values.clear();
  }

  /** "item#field" is a field within "item". */
  #entry(name: string): Entry | null {
    const [item = '', field] = name.split('#');
    if (!this.values.has(item)) return null;
    return field === undefined ? { id: item, name } : { id: name, name, within: item };
  }
}

class MemoryLog implements Log {
  readonly lines: string[] = [];
  say(message: string): void {
    this.lines.push(message);
  }
  warn(message: string): void {
    this.lines.push(message);
  }
  once(message: string): void {
    this.lines.push(message);
  }
}

export const ttl = 60_000;

/** The broker with its real approvals and windows, between ports in memory. Time stands still until the test moves it. */
export class World {
  readonly clock = new TestClock();
  readonly audit = new MemoryAudit();
  readonly log = new MemoryLog();
  readonly provider = new MemoryProvider({ A: 'value-a', B: 'value-b', C: 'value-c' });
  readonly changed = new Signal();
  readonly windows = new Windows(this.clock, this.changed);
  readonly policies: MemoryPolicies;
  readonly approvals: Approvals;
  readonly broker: Broker;
  readonly session: Session = { id: sessionId('s1'), agent: 'tester 1', folder: '/somewhere', pid: 1 };
  readonly other: Session = { ...this.session, id: sessionId('s2') };
  readonly announced: Announcement[] = [];
  linkError: VaultError | null = null;
  /** What a required endpoint was told, and whether it refuses to listen. */
  readonly witnessed: AuditAction[] = [];
  deaf = false;

  constructor(policy: Partial<VaultPolicy> = {}, options: Partial<ApprovalLimits> = {}) {
    const { clock, audit, log, windows, changed } = this;
    const policies = (this.policies = new MemoryPolicies(policy));
    const vaults: Vault[] = [{ name: 'v', type: 'memory', policy: policies.policy, provider: this.provider }];
    const limits = { expiresInMs: 300_000, maxOpen: 20, cooldownMs: 0, maxPerHour: 10_000, ...options };
    this.approvals = new Approvals({
      clock,
      audit,
      log,
      random: systemRandom,
      windows,
      policies,
      changed,
      limits: () => limits,
    });
    const doorway: Doorway = {
      link: async (id) => {
        if (this.linkError !== null) throw this.linkError;
        return { url: `http://localhost/approve/${id}` };
      },
      close: async () => undefined,
    };
    const { approvals } = this;
    this.broker = new Broker({
      vaults: new Vaults(vaults, clock),
      approvals,
      policies,
      windows,
      audit,
      doorway,
      clock,
      random: systemRandom,
      log,
      witness: {
        confirm: async (rows) => {
          this.witnessed.push(...rows.map(({ action }) => action));
          return !this.deaf;
        },
      },
    });
  }

  call(options: { budgetMs?: number; signal?: AbortSignal; byPerson?: boolean } = {}): Call {
    return {
      signal: options.signal ?? new AbortController().signal,
      budgetMs: options.budgetMs ?? Infinity,
      cancelledByPerson: () => options.byPerson === true,
      announce: (announcement) => {
        this.announced.push(announcement);
        return () => undefined;
      },
    };
  }

  read(
    names: string[] = ['A'],
    options: { call?: Call; session?: Session; reason?: string; tool?: string; vault?: string } = {},
  ) {
    const { session = this.session, reason = 'because', tool = 'get_secrets', vault = 'v' } = options;
    return this.broker.read(session, { tool, vault, names, reason }, options.call ?? this.call());
  }

  /** A read that may wait for a millisecond only: the values if no person is needed, else "pending". */
  async glance(names: string[]): Promise<string> {
    const outcome = told(this.read(names, { call: this.call({ budgetMs: 1 }) }));
    await this.settle();
    this.clock.pass(1);
    return outcome;
  }

  write(writes: { name: string; value: string }[], options: { call?: Call; reason?: string } = {}) {
    const ask = { tool: 'set_secrets', vault: 'v', writes, reason: options.reason ?? 'because' };
    return this.broker.write(this.session, ask, options.call ?? this.call());
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  }

  /** The request that was announced last. */
  async asked(count = 1): Promise<RequestId> {
    await this.settle();
    if (this.announced.length < count) throw new Error(`${this.announced.length} announcements, not ${count}`);
    const last = this.announced.at(-1);
    if (last === undefined) throw new Error('nothing was announced');
    return last.requestId;
  }

  /** Decides by whoever holds the link; by default for as long and as wide as the policy allows. */
  async decide(approve = true, id?: RequestId, choice: Partial<Choice> = {}) {
    const { ttlMs: windowMs, scope } = this.policies.policy;
    return this.choose({ approve, windowMs, scope, ...choice }, id);
  }

  /** What the desk says to a choice. */
  async choose(choice: Partial<Choice>, id?: RequestId) {
    const request = id ?? (await this.asked());
    const draft = await this.approvals.draft(request, { ...plainChoice(true), ...choice });
    if (typeof draft === 'string') return draft;
    return this.approvals.decide(draft, { approver: { name: 'link holder', factor: 'link' }, assertion: null });
  }

  board() {
    return createBoard(this);
  }
}

/** The values of a read, or its status. */
export async function told(
  outcome: Promise<{ status: string; values?: readonly { name: string; value: Secret }[] }>,
): Promise<string> {
  const { status, values } = await outcome;
  return values === undefined ? status : values.map(({ name, value }) => `${name}=${value.reveal()}`).join(' ');
}
