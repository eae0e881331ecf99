import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import type { Provider, Writer } from '../../src/core/ports.ts';
import type { Entry } from '../../src/core/request.ts';
import { Secret } from '../../src/core/secret.ts';

/** One freshly opened provider and the store behind it. Made anew for each test. */
export interface ProviderUnderTest {
  readonly provider: Provider;
  /** At least three names with their values; the values are at least 12 characters long and occur nowhere else. */
  readonly secrets: ReadonlyMap<string, string>;
  /** A name that does not exist. The writer, if there is one, could create it. */
  readonly freshName: string;
  /** Changes the store behind the provider's back. */
  readonly add: (name: string, value: string) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  /** After the provider was closed. */
  readonly cleanUp?: () => Promise<void>;
}

export interface ContractOptions {
  /** Whether the provider has a writer. */
  readonly writes: boolean;
}

const call = { signal: new AbortController().signal };
const awkwardValue = `canary-ünïcode 'single' and $HOME #not-a-comment\n  second line = "`;
const hostileNames = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'a\0b',
  'a\nb',
  'a=b',
  '../../etc/passwd',
  '\u202Egnp.exe',
  '</script>',
  '\uD800',
  'x'.repeat(256),
];

/** What every provider must do, whatever stands behind it. */
export function describeProvider(
  name: string,
  setup: () => Promise<ProviderUnderTest>,
  options: ContractOptions,
): void {
  describe(`${name} as a provider`, () => {
    const bench: { current?: ProviderUnderTest } = {};
    const test = (): ProviderUnderTest => {
      if (bench.current === undefined) throw new Error('setup has not run');
      return bench.current;
    };
    beforeEach(async () => {
      bench.current = await setup();
    });
    afterEach(async () => {
      await test().provider.close();
      await test().cleanUp?.();
    });

    describeReading(test);
    if (options.writes) describeWriting(test);
    else it('has no writer', () => expect(test().provider.writer).toBeUndefined());
  });
}

function describeReading(test: () => ProviderUnderTest): void {
  it('lists every secret once, in a stable order, without a value', async () => {
    const { provider, secrets } = test();
    const listed = await provider.list(call);
    expect(listed.map((entry) => entry.name).sort()).toEqual([...secrets.keys()].sort());
    expect(new Set(listed.map((entry) => entry.id)).size).toBe(secrets.size);
    expect(await provider.list(call)).toEqual(listed);
    expectNoValue(listed, [...secrets.values()]);
  });

  it('resolves names in the order they were asked, with null for one that does not exist', async () => {
    const { provider, secrets, freshName } = test();
    const [first, second] = namesOf(secrets);
    const resolved = await provider.resolve([second, freshName, first], call);
    expect(resolved.map((entry) => entry?.name)).toEqual([second, undefined, first]);
    expect(resolved[1]).toBeNull();
    expect(await provider.resolve([], call)).toEqual([]);
    expectNoValue(resolved, [...secrets.values()]);
  });

  it('resolves a name to the identifier that the list shows for it', async () => {
    const { provider, secrets } = test();
    const listed = new Map((await provider.list(call)).map((entry) => [entry.name, entry.id]));
    const resolved = await provider.resolve([...secrets.keys()], call);
    expect(resolved.map((entry) => entry?.id)).toEqual([...secrets.keys()].map((key) => listed.get(key)));
  });

  it.each(hostileNames)('finds nothing under the hostile name %j', async (hostile) => {
    const { provider, secrets } = test();
    const outcome = await outcomeOf(provider.resolve([hostile], call));
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(VaultError);
    else expect(outcome).toEqual([null]);
    expectNoValue(outcome, [...secrets.values()]);
  });

  it('fetches the values in the order of the entries, and they print as a mask', async () => {
    const { provider, secrets } = test();
    const names = [...secrets.keys()].reverse();
    const fetched = await provider.fetch(await entriesOf(provider, names), call);
    expect(fetched.map((secret) => secret.reveal())).toEqual(names.map((key) => secrets.get(key)));
    expect(fetched.every((secret) => secret instanceof Secret)).toBe(true);
    expectNoValue(fetched, [...secrets.values()]);
  });

  it('gives no value and says the name when one of several is gone', async () => {
    const { provider, secrets, remove } = test();
    const [first, second] = namesOf(secrets);
    const entries = await entriesOf(provider, [first, second]);
    await remove(second);
    const outcome = await outcomeOf(provider.fetch(entries, call));
    expect(outcome).toBeInstanceOf(VaultError);
    expect(String(outcome)).toContain(second);
    expectNoValue(outcome, [...secrets.values()]);
  });

  it('fetches what the store holds now, not what it held at an earlier read', async () => {
    const { provider, secrets, remove, add } = test();
    const [first] = namesOf(secrets);
    await provider.fetch(await entriesOf(provider, [first]), call);
    await remove(first);
    await add(first, 'a-rotated-value');
    const outcome = await outcomeOf(provider.fetch(await entriesOf(provider, [first]), call));
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(VaultError);
    else expect(outcome.map((secret) => secret.reveal())).toEqual(['a-rotated-value']);
  });

  it('can be closed twice', async () => {
    await test().provider.close();
    await expect(test().provider.close()).resolves.toBeUndefined();
  });
}

function describeWriting(test: () => ProviderUnderTest): void {
  it('plans a creation and a replacement, in order, without changing anything or showing a value', async () => {
    const { provider, secrets, freshName } = test();
    const [first] = namesOf(secrets);
    const planned = await writerOf(provider).plan(
      [write(freshName, awkwardValue), write(first, 'canary-replaced')],
      call,
    );
    expect(planned.map((one) => [one.name, one.effect])).toEqual([
      [freshName, 'create'],
      [first, 'replace'],
    ]);
    expectNoValue(planned, [awkwardValue, 'canary-replaced', ...secrets.values()]);
    expect(await valuesIn(provider)).toEqual(new Map(secrets));
  });

  it('writes what was planned and leaves every other secret as it was', async () => {
    const { provider, secrets, freshName } = test();
    const [first] = namesOf(secrets);
    const writer = writerOf(provider);
    const planned = await writer.plan([write(first, awkwardValue), write(freshName, 'canary-created')], call);
    await writer.write(planned, call);
    expect(await valuesIn(provider)).toEqual(
      new Map([...secrets, [first, awkwardValue], [freshName, 'canary-created']]),
    );
  });

  it('writes the same name a second time as a replacement', async () => {
    const { provider, secrets, freshName } = test();
    const writer = writerOf(provider);
    await writer.write(await writer.plan([write(freshName, 'canary-created')], call), call);
    const again = await writer.plan([write(freshName, 'canary-second')], call);
    expect(again.map((one) => one.effect)).toEqual(['replace']);
    await writer.write(again, call);
    expect(await valuesIn(provider)).toEqual(new Map([...secrets, [freshName, 'canary-second']]));
  });

  it('writes nothing when a secret to be created has appeared meanwhile', async () => {
    const { provider, secrets, freshName, add } = test();
    const [first] = namesOf(secrets);
    const planned = await writerOf(provider).plan(
      [write(first, 'canary-replaced'), write(freshName, 'canary-created')],
      call,
    );
    await add(freshName, 'from-elsewhere');
    await expectChanged(provider, planned);
    expect(await currentValue(provider, first)).toBe(secrets.get(first));
    expect(await currentValue(provider, freshName)).not.toBe('canary-created');
  });

  it('writes nothing when a secret to be replaced has gone meanwhile', async () => {
    const { provider, secrets, remove } = test();
    const [first, second] = namesOf(secrets);
    const planned = await writerOf(provider).plan([write(first, 'canary-one'), write(second, 'canary-two')], call);
    await remove(second);
    await expectChanged(provider, planned);
    expect(await currentValue(provider, first)).toBe(secrets.get(first));
  });

  it.each(hostileNames)('refuses or plans the hostile name %j without showing the value', async (hostile) => {
    const { provider, secrets } = test();
    const outcome = await outcomeOf(writerOf(provider).plan([write(hostile, 'canary-refused')], call));
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(VaultError);
    expectNoValue(outcome, ['canary-refused', ...secrets.values()]);
    expect(await valuesIn(provider)).toEqual(new Map(secrets));
  });
}

/** None of the values in anything that a log, an error page or a debugger would print. */
export function expectNoValue(thing: unknown, values: readonly string[]): void {
  const printed = [String(thing), JSON.stringify(thing) ?? '', inspect(thing, { depth: null, showHidden: true })];
  if (thing instanceof Error) printed.push(thing.message, thing.stack ?? '', JSON.stringify(Object.entries(thing)));
  for (const value of values) {
    const forms = [value, JSON.stringify(value).slice(1, -1), inspect(value).slice(1, -1)];
    for (const text of printed)
      for (const form of forms) expect(text.includes(form), 'a value was printed').toBe(false);
  }
}

async function expectChanged(provider: Provider, planned: Parameters<Writer['write']>[0]): Promise<void> {
  const outcome = await outcomeOf(writerOf(provider).write(planned, call));
  expect(outcome).toMatchObject({ name: 'VaultError', failure: 'secret_changed' });
  expectNoValue(
    outcome,
    planned.map((one) => one.value.reveal()),
  );
}

function write(name: string, value: string): { readonly name: string; readonly value: Secret } {
  return { name, value: new Secret(value) };
}

function writerOf(provider: Provider): Writer {
  if (provider.writer === undefined) throw new Error('the provider has no writer');
  return provider.writer;
}

function namesOf(secrets: ReadonlyMap<string, string>): [string, string] {
  const [first, second] = secrets.keys();
  if (first === undefined || second === undefined) throw new Error('the contract needs at least three secrets');
  return [first, second];
}

async function entriesOf(provider: Provider, names: readonly string[]): Promise<Entry[]> {
  const resolved = await provider.resolve(names, call);
  return resolved.map((entry, at) => {
    if (entry === null) throw new Error(`${names[at] ?? ''} was not resolved`);
    return entry;
  });
}

async function valuesIn(provider: Provider): Promise<Map<string, string>> {
  const listed = await provider.list(call);
  const fetched = await provider.fetch(listed, call);
  return new Map(listed.map((entry, at) => [entry.name, fetched[at]?.reveal() ?? 'nothing was fetched']));
}

async function currentValue(provider: Provider, name: string): Promise<string | undefined> {
  const [secret] = await provider.fetch(await entriesOf(provider, [name]), call);
  return secret?.reveal();
}

async function outcomeOf<T>(promise: Promise<T>): Promise<T | Error> {
  return promise.catch((thrown: unknown) =>
    thrown instanceof Error ? thrown : new Error('something else was thrown'),
  );
}
