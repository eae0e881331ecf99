import { asVaultError, VaultError } from '../core/errors.ts';
import type { ProviderCall, Writer } from '../core/ports.ts';
import type { PlannedWrite } from '../core/request.ts';
import { openGrace, unlessAborted } from './onepassword-abort.ts';
import type { Grace } from './onepassword-abort.ts';
import { draftsFor } from './onepassword-plan.ts';
import type { WriteSource } from './onepassword-plan.ts';
import { reportOf, writtenText } from './onepassword-report.ts';
import type { Stop } from './onepassword-report.ts';
import { stepsFor } from './onepassword-steps.ts';
import type { Step } from './onepassword-steps.ts';
import { undoAll } from './onepassword-undo.ts';
import type { Attempt } from './onepassword-undo.ts';

/** Creates items and replaces values in 1Password, which has no transactions: all is checked first, and undone on failure. */
export function createWriter(source: WriteSource): Writer {
  return {
    plan: async (writes) => (await draftsFor(source, writes)).map(({ planned }) => planned),
    write: (writes, call) => toldIfAborted(source, call, () => write(source, writes, call)),
  };
}

/** Nobody may be there any more to hear how an aborted write ended: the log says it too. */
async function toldIfAborted(
  { log }: WriteSource,
  { signal }: ProviderCall,
  work: () => Promise<string>,
): Promise<void> {
  try {
    const done = await work();
    if (signal.aborted) log.warn(done);
  } catch (thrown) {
    if (signal.aborted) log.warn(asVaultError(thrown, 'internal', 'a write to 1Password failed').message);
    throw thrown;
  }
}

async function write(source: WriteSource, writes: readonly PlannedWrite[], { signal }: ProviderCall): Promise<string> {
  const grace = openGrace(signal, source.clock);
  try {
    const steps = await unlessAborted(signal, () => stepsFor(source, writes), neverBegun);
    await carryOutAll(source, steps, grace);
    return writtenText(steps);
  } finally {
    grace.close();
    for (const { group } of writes) source.catalogue.forget(group ?? '');
  }
}

async function carryOutAll(source: WriteSource, steps: readonly Step[], grace: Grace): Promise<void> {
  const attempts: Attempt[] = [];
  for (const step of steps) {
    try {
      if (grace.signal.aborted) throw stopped();
      const attempt = begun(source, step);
      attempts.push(attempt);
      const written = await Promise.race([attempt.answer, grace.patienceOver]);
      if (written === undefined) throw stopped();
      if (!written.exact) throw new VaultError('value_unwritable', '1Password did not keep the value as it was sent');
    } catch (thrown) {
      const error = asVaultError(thrown, 'internal', 'the write failed');
      throw await takenBack(source, attempts, { step, error }, grace);
    }
  }
}

function begun(source: WriteSource, step: Step): Attempt {
  const attempt: Attempt = { step, answer: carryOut(source, step), confirmed: null, trace: 'unknown' };
  attempt.answer.then(
    (written) => (attempt.confirmed = written),
    () => undefined,
  );
  return attempt;
}

function carryOut({ client }: WriteSource, step: Step): Attempt['answer'] {
  if (step.kind === 'create') return client.create(step.item);
  const { located, place, from, planned } = step;
  return client.put({ vaultId: located.vault.id, itemId: located.item.id, place, from, to: planned.value });
}

/** Undoing goes on after the time to report is over, as long as the connection lives; what comes of it is logged. */
async function takenBack(
  source: WriteSource,
  attempts: readonly Attempt[],
  stop: Stop,
  grace: Grace,
): Promise<VaultError> {
  const undoing = undoAll(source, attempts, grace.signal);
  await Promise.race([undoing, grace.over]);
  const error = reportOf(attempts, stop);
  void undoing.then(() => {
    const last = reportOf(attempts, stop).message;
    if (last !== error.message) source.log.warn(last);
  });
  return error;
}

function stopped(): VaultError {
  return new VaultError('provider_unavailable', 'the write was stopped before its end');
}

function neverBegun(): VaultError {
  return new VaultError(
    'provider_unavailable',
    'the write to 1Password was stopped before it began; nothing was changed',
  );
}
