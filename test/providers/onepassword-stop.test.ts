import { describe, expect, it } from 'vitest';
import type { Provider } from '../../src/core/ports.ts';
import type { PlannedWrite } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';
import type { TestClock } from '../support/clock.ts';
import { bench, call } from './fixtures/onepassword-bench.ts';
import type { FakeOnePassword } from './fixtures/onepassword-fake.ts';

/** A promise that the test keeps: how slow 1Password is. */
interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { opened: promise, open: () => resolve(undefined) };
}

interface Desk {
  readonly fake: FakeOnePassword;
  readonly clock: TestClock;
  readonly warnings: string[];
  readonly stop: AbortController;
  /** The titles that 1Password holds now. */
  readonly titles: () => string[];
  readonly valueOf: (title: string) => string | undefined;
  /** Plans at once, and writes under `stop`; gives the message of the error, or null. */
  readonly begin: (prepare: () => void) => Promise<string | null>;
}

/** A write of two values over old ones and of ten new items, in this order: A, S0 ... S9, B. */
async function desk(): Promise<Desk> {
  const { fake, clock, warnings, open } = bench();
  const vaultId = fake.vault('Dev');
  for (const title of ['A', 'B']) fake.password(vaultId, title, `old ${title}`);
  const stop = new AbortController();
  const writer = writerOf(open({ write: { vaultId, category: 'login' } }));
  const names = ['A', ...Array.from({ length: 10 }, (_, at) => `S${at}`), 'B'];
  const planned: readonly PlannedWrite[] = await writer.plan(
    names.map((name) => ({ name, value: new Secret(`canary ${name}`) })),
    call,
  );
  const begin = async (prepare: () => void): Promise<string | null> => {
    prepare();
    return writer.write(planned, { signal: stop.signal }).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  };
  const titles = (): string[] => (fake.vaults[0]?.items ?? []).map(({ title }) => title).sort();
  const valueOf = (title: string): string | undefined => fake.find(vaultId, title)?.fields[0]?.value;
  return { fake, clock, warnings, stop, titles, valueOf, begin };
}

function writerOf({ writer }: Provider): NonNullable<Provider['writer']> {
  if (writer === undefined) throw new Error('there is no writer');
  return writer;
}

/** Everything that can happen without time has happened. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a write that is aborted', () => {
  it('ends after the write under way, undoes all, and says so to the caller and in the log', async () => {
    const { fake, clock, warnings, stop, titles, valueOf, begin } = await desk();
    const slow = gate();
    const writing = begin(() => fake.on('create', { nth: 4 }, () => slow.opened));
    await quiet();
    stop.abort();
    await quiet();
    slow.open();
    const message = await writing;
    expect(message).toBe(
      '"S4" could not be written: the write was stopped before its end; ' +
        'undone: "A" (replace), "S0" (create), "S1" (create), "S2" (create), "S3" (create); nothing else was changed',
    );
    expect(warnings).toEqual([message]);
    expect(titles()).toEqual(['A', 'B']);
    expect(valueOf('A')).toBe('old A');
    expect(fake.calls.filter((made) => made === 'deleteAll')).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('does not wait long for the write under way: undoes the others, and takes that one back when it ends', async () => {
    const { fake, clock, warnings, stop, titles, begin } = await desk();
    const slow = gate();
    const writing = begin(() => fake.on('create', { nth: 4, afterwards: true }, () => slow.opened));
    await quiet();
    stop.abort();
    clock.pass(299);
    await quiet();
    expect(titles()).toContain('S0');
    clock.pass(1);
    await quiet();
    expect(titles()).toEqual(['A', 'B', 'S3']);
    clock.pass(400);
    const message = await writing;
    expect(message).toBe(
      '"S3" could not be written: the write was stopped before its end; not known whether written: "S3" (create); ' +
        'undone: "A" (replace), "S0" (create), "S1" (create), "S2" (create); nothing else was changed',
    );
    slow.open();
    await quiet();
    expect(titles()).toEqual(['A', 'B']);
    expect(warnings).toEqual([message, expect.not.stringContaining('not known')]);
  });

  it('says within 0.7 seconds what it could not find out or undo', async () => {
    const { fake, clock, warnings, stop, titles, begin } = await desk();
    const [creating, deleting] = [gate(), gate()];
    const writing = begin(() => {
      fake.on('create', { nth: 3 }, () => creating.opened);
      fake.on('deleteAll', {}, () => deleting.opened);
      fake.on('put', {}, () => fake.fail('put', new Error("you don't have the right permissions")));
    });
    await quiet();
    stop.abort();
    creating.open();
    await quiet();
    clock.pass(699);
    await quiet();
    expect(warnings).toEqual([]);
    clock.pass(1);
    const message = await writing;
    expect(message).toBe(
      '"S3" could not be written: the write was stopped before its end; ' +
        'still written, because undoing it failed: "A" (replace); ' +
        'not known whether written: "S0" (create), "S1" (create), "S2" (create); nothing else was changed',
    );
    expect(titles()).toEqual(['A', 'B', 'S0', 'S1', 'S2']);
    deleting.open();
    await quiet();
    expect(titles()).toEqual(['A', 'B']);
    expect(clock.timers).toBe(0);
  });

  it('hurries an undoing that was under way', async () => {
    const { fake, clock, stop, begin } = await desk();
    const slow = gate();
    const writing = begin(() => {
      fake.fail('put', new Error('reqwest library: error sending request'), { nth: 2 });
      fake.on('getAll', { nth: 2 }, () => slow.opened);
    });
    await quiet();
    expect(fake.calls).not.toContain('deleteAll');
    stop.abort();
    await quiet();
    expect(fake.calls).toContain('deleteAll');
    clock.pass(700);
    expect(await writing).toContain('; not known whether written: "B" (replace); undone: "A" (replace), "S0" (create)');
    slow.open();
  });

  it('writes nothing if it was not yet begun, and waits for no answer', async () => {
    const { fake, warnings, stop, titles, begin } = await desk();
    const slow = gate();
    const writing = begin(() => fake.on('getAll', {}, () => slow.opened));
    await quiet();
    stop.abort();
    const message = await writing;
    expect(message).toBe('the write to 1Password was stopped before it began; nothing was changed');
    expect(warnings).toEqual([message]);
    slow.open();
    await quiet();
    expect(titles()).toEqual(['A', 'B']);
    expect(fake.calls).not.toContain('put');
  });

  it('keeps a write that was complete but for its last answer, and the log says so', async () => {
    const { fake, warnings, stop, valueOf, begin } = await desk();
    const slow = gate();
    const writing = begin(() => fake.on('put', { nth: 2 }, () => slow.opened));
    await quiet();
    stop.abort();
    slow.open();
    expect(await writing).toBeNull();
    expect(valueOf('B')).toBe('canary B');
    expect(warnings).toEqual([expect.stringMatching(/^written to 1Password: "A" \(replace\), .* and 2 more$/)]);
  });

  it('says nothing in the log when nothing was aborted', async () => {
    const { clock, warnings, begin } = await desk();
    expect(await begin(() => undefined)).toBeNull();
    expect(warnings).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
