import type { Secret } from '../core/secret.ts';
import type { Item } from './onepassword-client.ts';
import { slotOf, valueAt } from './onepassword-field.ts';
import type { Step, WriteSource } from './onepassword-plan.ts';

/** A step that was begun. */
export interface Attempt {
  readonly step: Step;
  /** What came of it; null while 1Password has not confirmed it, which does not mean that nothing happened. */
  confirmed: { readonly itemId: string; readonly exact: boolean } | null;
}

/** `undone`: nothing of it is left. `remains`: it could not be undone. `unknown`: not even whether it took place is known. */
export type Trace = 'undone' | 'remains' | 'unknown';

/** Takes back one attempt, whether or not it took effect: looks first, and touches nothing that is not of our making. */
export async function undo(source: WriteSource, attempt: Attempt): Promise<Trace> {
  try {
    return await (attempt.step.kind === 'create'
      ? uncreate(source, attempt, attempt.step)
      : restore(source, attempt, attempt.step));
  } catch {
    return attempt.confirmed === null ? 'unknown' : 'remains';
  }
}

async function uncreate(
  source: WriteSource,
  attempt: Attempt,
  step: Extract<Step, { kind: 'create' }>,
): Promise<Trace> {
  const { client } = source;
  if (attempt.confirmed !== null) {
    await client.delete(step.vault.id, attempt.confirmed.itemId);
    return 'undone';
  }
  const newcomers = await newItems(source, step);
  const ours = newcomers.filter((item) => holds(item, step.item.value));
  for (const { id } of ours) await client.delete(step.vault.id, id);
  return ours.length === newcomers.length ? 'undone' : 'unknown';
}

/** Items of that title; there were none when the write was checked. */
async function newItems(
  { client, catalogue }: WriteSource,
  step: Extract<Step, { kind: 'create' }>,
): Promise<readonly Item[]> {
  catalogue.forget(step.vault.id);
  const all = await catalogue.items(step.vault);
  const ids = all.filter(({ item }) => item.title === step.item.title).map(({ item }) => item.id);
  return ids.length === 0 ? [] : (await client.get(step.vault.id, ids)).filter((item) => item !== null);
}

async function restore(
  { client }: WriteSource,
  attempt: Attempt,
  step: Extract<Step, { kind: 'replace' }>,
): Promise<Trace> {
  const { located, place, from, planned } = step;
  const vaultId = located.vault.id;
  const itemId = located.item.id;
  const [item] = await client.get(vaultId, [itemId]);
  const now = item === undefined || item === null ? null : valueAt(item, place);
  if (now === null) return 'unknown';
  if (same(now.value, from)) return 'undone';
  const ours = same(now.value, planned.value) || attempt.confirmed?.exact === false;
  if (!ours) return 'unknown';
  const { exact } = await client.put({ vaultId, itemId, place, from: now.value, to: from });
  return exact ? 'undone' : 'remains';
}

function holds(item: Item, value: Secret): boolean {
  const choice = slotOf(item);
  return choice.kind === 'found' && same(choice.value.value, value);
}

function same(a: Secret, b: Secret): boolean {
  return a.reveal() === b.reveal();
}
