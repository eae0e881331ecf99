import { VaultError } from '../core/errors.ts';
import type { Failure } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import type { Deletion, Item, Written } from './onepassword-client.ts';
import { slotOf, valueAt } from './onepassword-field.ts';
import type { WriteSource } from './onepassword-plan.ts';
import type { Step } from './onepassword-steps.ts';

/** A step that was begun. */
export interface Attempt {
  readonly step: Step;
  /** What 1Password says of it. A rejection does not mean that nothing happened. */
  readonly answer: Promise<Written>;
  /** Set once 1Password has confirmed it. */
  confirmed: Written | null;
  /** What is known of it once it is to be taken back. */
  trace: Trace;
}

/** `undone`: nothing of it is left. `remains`: it could not be undone. `unknown`: not even whether it took place is known. */
export type Trace = 'undone' | 'remains' | 'unknown';

/** Requests at the same time once there is no time for one after the other. */
const hurried = 16;

/** Takes everything back, last first, and notes in each attempt what came of it. Hurries when aborted. Never rejects. */
export async function undoAll(source: WriteSource, attempts: readonly Attempt[], signal: AbortSignal): Promise<void> {
  const queue = tasksFor(source, attempts).values();
  const work = async (): Promise<void> => {
    for (const task of queue) await task();
  };
  const workers = [work()];
  const hurry = (): void => void workers.push(...Array.from({ length: hurried - 1 }, work));
  if (signal.aborted) hurry();
  signal.addEventListener('abort', hurry, { once: true });
  await workers[0];
  signal.removeEventListener('abort', hurry);
  await Promise.all(workers);
}

/** With these 1Password has certainly not done what it was asked. */
function isRefusal(thrown: unknown): boolean {
  return thrown instanceof VaultError && refusals.has(thrown.failure);
}

const refusals: ReadonlySet<Failure> = new Set([
  'secret_changed',
  'provider_refused',
  'provider_limited',
  'value_unwritable',
]);

type Task = () => Promise<void>;
type CreateStep = Extract<Step, { kind: 'create' }>;
type ReplaceStep = Extract<Step, { kind: 'replace' }>;

/** The confirmed creations of a vault are one task; so are the changes of an item, since each of them makes a new version of it. */
function tasksFor(source: WriteSource, attempts: readonly Attempt[]): Task[] {
  const lastFirst = attempts.toReversed();
  const isCreated = ({ step, confirmed }: Attempt): boolean => step.kind === 'create' && confirmed !== null;
  const created = Map.groupBy(lastFirst.filter(isCreated), ({ step }) => step.planned.group ?? '');
  const others = Map.groupBy(
    lastFirst.filter((attempt) => !isCreated(attempt)),
    ({ step }) => (step.kind === 'create' ? step.planned.id : step.located.item.id),
  );
  return [
    ...[...others.values()].map((group) => async () => {
      for (const attempt of group) attempt.trace = await undo(source, attempt);
    }),
    ...[...created].map(
      ([vaultId, group]) =>
        () =>
          deleteAll(source, vaultId, group),
    ),
  ];
}

async function deleteAll({ client }: WriteSource, vaultId: string, created: readonly Attempt[]): Promise<void> {
  const ids = created.flatMap(({ confirmed }) => confirmed?.itemId ?? []);
  const deletions = await client
    .delete(vaultId, ids)
    .catch((thrown: unknown) => ids.map((): Deletion => (isRefusal(thrown) ? 'kept' : 'unknown')));
  for (const [at, attempt] of created.entries()) attempt.trace = traces[deletions[at] ?? 'unknown'];
}

const traces: Record<Deletion, Trace> = { deleted: 'undone', kept: 'remains', unknown: 'unknown' };

/** Takes back one attempt, whether or not it took effect: looks first, and touches nothing that is not of our making. */
async function undo(source: WriteSource, attempt: Attempt): Promise<Trace> {
  const refused = await attempt.answer.then(() => false, isRefusal);
  if (refused) return 'undone';
  try {
    const { step } = attempt;
    return await (step.kind === 'create' ? uncreate(source, attempt, step) : restore(source, attempt, step));
  } catch (thrown) {
    return attempt.confirmed !== null && isRefusal(thrown) ? 'remains' : 'unknown';
  }
}

async function uncreate(source: WriteSource, attempt: Attempt, step: CreateStep): Promise<Trace> {
  const { client } = source;
  const { confirmed } = attempt;
  const newcomers = confirmed === null ? await newItems(source, step) : [];
  const ours = newcomers.filter((item) => holds(item, step.item.value));
  const ids = confirmed === null ? ours.map(({ id }) => id) : [confirmed.itemId];
  const deletions = ids.length === 0 ? [] : await client.delete(step.vault.id, ids);
  if (deletions.includes('kept')) return 'remains';
  return ours.length === newcomers.length && deletions.every((one) => one === 'deleted') ? 'undone' : 'unknown';
}

/** Items of that title; there were none when the write was checked. */
async function newItems({ client, catalogue }: WriteSource, step: CreateStep): Promise<readonly Item[]> {
  catalogue.forget(step.vault.id);
  const all = await catalogue.items(step.vault);
  const ids = all.filter(({ item }) => item.title === step.item.title).map(({ item }) => item.id);
  return ids.length === 0 ? [] : (await client.get(step.vault.id, ids)).filter((item) => item !== null);
}

/** A confirmed change is put back at once; only if that meets another value is it looked at first. */
async function restore(source: WriteSource, attempt: Attempt, step: ReplaceStep): Promise<Trace> {
  if (attempt.confirmed?.exact === true) {
    const trace = await putBack(source, step, step.planned.value).catch((thrown: unknown) => {
      if (thrown instanceof VaultError && thrown.failure === 'secret_changed') return null;
      throw thrown;
    });
    if (trace !== null) return trace;
  }
  const { located, place, from, planned } = step;
  const [item] = await source.client.get(located.vault.id, [located.item.id]);
  const now = item === undefined || item === null ? null : valueAt(item, place);
  if (now === null) return 'unknown';
  if (same(now.value, from)) return 'undone';
  const ours = same(now.value, planned.value) || attempt.confirmed?.exact === false;
  return ours ? putBack(source, step, now.value) : 'unknown';
}

async function putBack({ client }: WriteSource, step: ReplaceStep, now: Secret): Promise<Trace> {
  const { located, place, from } = step;
  const change = { vaultId: located.vault.id, itemId: located.item.id, place, from: now, to: from };
  return (await client.put(change)).exact ? 'undone' : 'remains';
}

function holds(item: Item, value: Secret): boolean {
  const choice = slotOf(item);
  return choice.kind === 'found' && same(choice.value.value, value);
}

function same(a: Secret, b: Secret): boolean {
  return a.reveal() === b.reveal();
}
