import { describe, expect, test, vi } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import { plainChoice } from '../../src/core/choice.ts';
import type { Session } from '../../src/core/request.ts';
import { expectHonest, LivedWorld } from './lived.ts';
import { readAll } from './stored.ts';

vi.setConfig({ testTimeout: 60_000 });

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An agent, a person and a provider that do whatever they can, in any order. */
class Bustle {
  readonly #world: LivedWorld;
  readonly #random: () => number;
  readonly #calls: AbortController[] = [];

  constructor(world: LivedWorld, seed: number) {
    this.#world = world;
    this.#random = numbers(seed);
  }

  async step(): Promise<void> {
    const often: (() => Promise<void> | void)[] = [
      this.#read,
      this.#read,
      this.#read,
      this.#write,
      this.#decide,
      this.#decide,
      this.#decide,
      this.#wait,
    ];
    const rare: (() => Promise<void> | void)[] = [this.#close, this.#lift, this.#fail, this.#cancel, this.#setClock];
    const step = this.#random() < 0.8 ? this.#one(often) : this.#one(rare);
    await step.call(this);
    await this.#world.settle();
  }

  #one<Thing>(things: readonly Thing[]): Thing {
    return things[Math.floor(this.#random() * things.length)]!;
  }

  #session(): Session {
    return this.#random() < 0.7 ? this.#world.session : this.#world.other;
  }

  #call() {
    const controller = new AbortController();
    this.#calls.push(controller);
    const budgetMs = this.#random() < 0.5 ? 1 : 600_000;
    return this.#world.call({ signal: controller.signal, byPerson: this.#random() < 0.5, budgetMs });
  }

  #read(): void {
    const names = this.#one([['A'], ['A'], ['B'], ['A', 'B'], ['A', 'B', 'C'], ['A#field'], ['A#other'], ['missing']]);
    const reason = this.#one(['because', 'because', 'for another reason']);
    this.#world.read(names, { session: this.#session(), reason, call: this.#call() }).catch(() => undefined);
  }

  #write(): void {
    const writes = [{ name: this.#one(['A', 'NEW']), value: 'x' }];
    this.#world.write(writes, { call: this.#call() }).catch(() => undefined);
  }

  async #decide(): Promise<void> {
    const { approvals, policies } = this.#world;
    const open = approvals.views(({ state }) => state === 'pending');
    if (open.length === 0) return;
    const view = this.#one(open);
    const some = view.names.filter(() => this.#random() < 0.6).map(({ id }) => id);
    const choice = {
      ...plainChoice(this.#random() < 0.75),
      names: this.#random() < 0.5 ? null : some,
      windowMs: this.#one([0, 30_000, policies.policy.ttlMs]),
      scope: this.#one(['secret', 'vault'] as const),
      note: this.#one([null, 'not that']),
    };
    const draft = await approvals.draft(view.id, choice);
    if (typeof draft === 'string') return;
    void approvals.decide(draft, { approver: { name: 'Anna’s phone', factor: 'link' }, assertion: null });
  }

  #wait(): void {
    this.#world.clock.pass(this.#one([1, 1_000, 20_000, 61_000, 130_000, 301_000]));
  }

  async #close(): Promise<void> {
    const board = this.#world.board();
    const window = this.#one([...board.view().windows, null]);
    await board.endWindows(window?.request ?? 'all', { name: 'Anna’s phone', factor: 'link' });
  }

  async #lift(): Promise<void> {
    for (const { id } of this.#world.board().view().recent) await this.#world.approvals.lift(id);
  }

  #fail(): void {
    const { provider } = this.#world;
    const failure = this.#one(['provider_unavailable', 'secret_ambiguous'] as const);
    provider.failing = provider.failing === null ? new VaultError(failure, 'it failed') : null;
  }

  #cancel(): void {
    this.#calls.pop()?.abort();
  }

  #setClock(): void {
    this.#world.clock.setWall(this.#one([-20_000, 10_000, 3_600_000]));
  }
}

async function lived(seed: number): Promise<LivedWorld> {
  const policy = { ttlMs: seed % 5 === 0 ? 0 : 120_000, scope: seed % 2 === 0 ? 'vault' : 'secret' } as const;
  const world = await LivedWorld.open(policy, { cooldownMs: seed % 3 === 0 ? 60_000 : 0 });
  const bustle = new Bustle(world, seed);
  for (let step = 0; step < 150; step += 1) await bustle.step();
  return world;
}

const seeds = Array.from({ length: 12 }, (_, at) => at + 1);
const actions = new Set<unknown>();

describe('the log of a broker', () => {
  test.each(seeds)('is never taken for tampered, whatever agent, person and provider do (%i)', async (seed) => {
    const world = await lived(seed);
    expectHonest(await world.verify());
    await world.approvals.close('the end');
    await world.end();
    const report = await world.verify();
    expectHonest(report);
    const rows = readAll(world.file);
    expect(report).toMatchObject({ rows: rows.length, last: rows.length, uncovered: 0, pruned: 0 });
    expect(report.checkpoints).toBeGreaterThan(1);
    for (const { action } of rows) actions.add(action);
  });

  test('had every kind of row in these', () => {
    const kinds =
      'requested approved denied auto_approved released refused expired lapsed withdrawn failed lifted window_closed';
    expect([...actions].sort()).toEqual(kinds.split(' ').sort());
  });
});
