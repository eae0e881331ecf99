import { asVaultError, VaultError } from '../core/errors.ts';
import type { Failure } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import type { PlannedWrite } from '../core/request.ts';
import type { Secret } from '../core/secret.ts';
import type { Item, Place } from './onepassword-client.ts';
import { gone } from './onepassword-errors.ts';
import { fieldAt, slotOf } from './onepassword-field.ts';
import { draftsFor, unwritable, writableVaults, writtenTwice } from './onepassword-plan.ts';
import type { Draft, WriteSource } from './onepassword-plan.ts';
import { unclear } from './onepassword-suggestions.ts';

type Creation = Extract<Draft, { kind: 'create' }>;
type Replacement = Extract<Draft, { kind: 'replace' }>;

/** One approved write, worked out to the end: what is created, or which field gets a new value and what it held before. */
export type Step = Creation | (Replacement & { readonly place: Place; readonly from: Secret });

/**
 * Works the approved writes out from what 1Password holds now; writes nothing. Throws `secret_changed` if one is not what
 * was planned and approved, and for an item in which no single field can be meant, which can be seen only now.
 */
export async function stepsFor(source: WriteSource, writes: readonly PlannedWrite[]): Promise<readonly Step[]> {
  const drafts = await unchanged(source, writes);
  try {
    const contents = await contentsOf(source, drafts.filter(isReplacement));
    const steps = await Promise.all(
      drafts.map(async (draft) => (draft.kind === 'create' ? draft : replacement(source, draft, contents))),
    );
    const places = steps.map(placeText);
    const double = steps.find((step, at) => places.indexOf(placeText(step)) !== at);
    if (double !== undefined) throw writtenTwice(double.planned.name);
    return steps;
  } catch (thrown) {
    throw withNothingWritten(asVaultError(thrown, 'internal', 'the write could not be checked'));
  }
}

async function unchanged(source: WriteSource, writes: readonly PlannedWrite[]): Promise<readonly Draft[]> {
  for (const { id } of await writableVaults(source)) source.catalogue.forget(id);
  const drafts = await draftsFor(source, writes).catch((thrown: unknown) => {
    const error = withNothingWritten(asVaultError(thrown, 'internal', 'the write could not be checked'));
    throw movedOn.has(error.failure) ? new VaultError('secret_changed', error.message, { cause: error }) : error;
  });
  const isOther = ({ id, effect }: PlannedWrite, at: number): boolean =>
    drafts[at]?.planned.id !== id || drafts[at].planned.effect !== effect;
  const changed = writes.find(isOther);
  if (changed === undefined) return drafts;
  const message = `"${shown(changed.name)}" was changed in 1Password meanwhile; nothing was written`;
  throw new VaultError('secret_changed', message);
}

/** What was possible when it was planned. */
const movedOn: ReadonlySet<Failure> = new Set(['value_unwritable', 'secret_ambiguous', 'secret_unknown']);

function isReplacement(draft: Draft): draft is Replacement {
  return draft.kind === 'replace';
}

/** The items, decrypted: one request for each vault. */
async function contentsOf(
  { client }: WriteSource,
  drafts: readonly Replacement[],
): Promise<ReadonlyMap<string, Item | null>> {
  const byVault = Map.groupBy(drafts, ({ located }) => located.vault.id);
  const items = await Promise.all(
    [...byVault].map(async ([vaultId, ofVault]) => {
      const ids = [...new Set(ofVault.map(({ located }) => located.item.id))];
      const found = await client.get(vaultId, ids);
      return ids.map((id, at) => [id, found[at] ?? null] as const);
    }),
  );
  return new Map(items.flat());
}

async function replacement(
  { catalogue }: WriteSource,
  draft: Replacement,
  contents: ReadonlyMap<string, Item | null>,
): Promise<Step> {
  const { planned, located, field } = draft;
  const { name } = planned;
  const item = contents.get(located.item.id) ?? null;
  if (item === null) throw gone(name);
  const choice = field === undefined ? slotOf(item) : fieldAt(item, field);
  if (choice.kind === 'unclear')
    throw await unclear(catalogue, { entry: { name }, reference: { vault: located.vault.id }, item }, choice.fields);
  if (choice.kind === 'nothing') throw unwritable(name, 'has no field whose value could be replaced');
  if (!replaceable.has(choice.type))
    throw unwritable(name, 'is a kind of field that cannot be given a new value as text');
  return { ...draft, place: choice.place, from: choice.value.value };
}

/** Not SSH keys, one-time passwords and the like, which have a form of their own. */
const replaceable: ReadonlySet<string> = new Set(['Concealed', 'Text', 'Url', 'Email', 'Note']);

/** Two names of one batch may turn out to mean the same field. */
function placeText(step: Step): string {
  if (step.kind === 'create') return JSON.stringify([step.planned.id]);
  const { located, place } = step;
  return JSON.stringify([located.item.id, place.kind === 'note' ? [] : [place.sectionId ?? '', place.id]]);
}

function withNothingWritten({ failure, message, hint, cause }: VaultError): VaultError {
  const options = { cause, ...(hint === undefined ? {} : { hint }) };
  return new VaultError(failure, `${message}; nothing was written`, options);
}
