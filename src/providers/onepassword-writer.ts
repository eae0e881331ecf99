import { asVaultError, VaultError } from '../core/errors.ts';
import type { Failure } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import type { Writer } from '../core/ports.ts';
import type { PlannedWrite } from '../core/request.ts';
import { fewOf } from './onepassword-names.ts';
import { stepsFor } from './onepassword-plan.ts';
import type { Step, WriteSource } from './onepassword-plan.ts';
import { undo } from './onepassword-undo.ts';
import type { Attempt, Trace } from './onepassword-undo.ts';

/** Creates items and replaces values in 1Password, which has no transactions: all is checked first, and undone on failure. */
export function createWriter(source: WriteSource): Writer {
  return {
    plan: async (writes) => (await stepsFor(source, writes)).map(({ planned }) => planned),
    write: async (writes, { signal }) => {
      const steps = await unchanged(source, writes);
      try {
        await carryOutAll(source, steps, signal);
      } finally {
        for (const { planned } of steps) source.catalogue.forget(planned.group ?? '');
      }
    },
  };
}

/** Works the writes out again. Throws `secret_changed` if one is not what was planned and approved. */
async function unchanged(source: WriteSource, writes: readonly PlannedWrite[]): Promise<readonly Step[]> {
  const steps = await stepsFor(source, writes).catch((thrown: unknown) => {
    const error = asVaultError(thrown, 'internal', 'the write could not be checked');
    throw movedOn.has(error.failure)
      ? new VaultError('secret_changed', `${error.message}; nothing was written`, { cause: error })
      : error;
  });
  const at = writes.findIndex(
    ({ id, effect }, index) => steps[index]?.planned.id !== id || steps[index].planned.effect !== effect,
  );
  const changed = writes[at];
  if (changed === undefined) return steps;
  throw new VaultError(
    'secret_changed',
    `"${shown(changed.name)}" was changed in 1Password meanwhile; nothing was written`,
  );
}

/** What was possible when it was planned. */
const movedOn: ReadonlySet<Failure> = new Set([
  'value_unwritable',
  'secret_ambiguous',
  'secret_unknown',
  'secret_changed',
]);

async function carryOutAll(source: WriteSource, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  const attempts: Attempt[] = [];
  for (const step of steps) {
    const attempt: Attempt = { step, confirmed: null };
    try {
      if (signal.aborted) throw new VaultError('provider_unavailable', 'the time for the whole write is up');
      attempts.push(attempt);
      attempt.confirmed = await carryOut(source, step);
      if (!attempt.confirmed.exact)
        throw new VaultError('value_unwritable', '1Password did not keep the value as it was sent');
    } catch (thrown) {
      const error = asVaultError(thrown, 'internal', 'the write failed');
      if (attempt.confirmed === null && refusals.has(error.failure)) attempts.pop();
      throw await undone(source, attempts, { step, error });
    }
  }
}

/** With these 1Password has certainly not done what it was asked. */
const refusals: ReadonlySet<Failure> = new Set([
  'secret_changed',
  'provider_refused',
  'provider_limited',
  'value_unwritable',
]);

function carryOut({ client }: WriteSource, step: Step): Promise<{ itemId: string; exact: boolean }> {
  if (step.kind === 'create') return client.create(step.item);
  const { located, place, from, planned } = step;
  return client.put({ vaultId: located.vault.id, itemId: located.item.id, place, from, to: planned.value });
}

interface Stop {
  readonly step: Step;
  readonly error: VaultError;
}

/** Takes everything back, last first, and says exactly what is left. */
async function undone(source: WriteSource, attempts: readonly Attempt[], { step, error }: Stop): Promise<VaultError> {
  const left: { readonly step: Step; readonly trace: Trace }[] = [];
  for (const attempt of attempts.toReversed()) left.push({ step: attempt.step, trace: await undo(source, attempt) });
  const named = (wanted: Trace): string =>
    fewOf(
      left
        .filter(({ trace }) => trace === wanted)
        .map((one) => `"${shown(one.step.planned.name)}" (${one.step.planned.effect})`),
    );
  const [remains, unknown] = [named('remains'), named('unknown')];
  const parts = [
    `"${shown(step.planned.name)}" could not be written: ${error.message}`,
    ...(remains === '' ? [] : [`still written, because undoing it failed: ${remains}`]),
    ...(unknown === '' ? [] : [`not known whether written: ${unknown}`]),
    remains === '' && unknown === '' ? 'nothing was changed' : 'nothing else was changed',
  ];
  const failure = error.failure === 'secret_changed' && parts.length > 2 ? 'provider_unavailable' : error.failure;
  return new VaultError(failure, parts.join('; '), {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
