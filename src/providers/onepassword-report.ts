import { VaultError } from '../core/errors.ts';
import { shown } from '../core/input.ts';
import { fewOf } from './onepassword-names.ts';
import type { Step } from './onepassword-steps.ts';
import type { Attempt, Trace } from './onepassword-undo.ts';

/** Where a write stopped, and why. */
export interface Stop {
  readonly step: Step;
  readonly error: VaultError;
}

/** What became of a write that did not get to its end: what remains, what is not known, what was undone. At most about 3,000 characters. */
export function reportOf(attempts: readonly Attempt[], { step, error }: Stop): VaultError {
  const named = (trace: Trace): readonly Step[] =>
    attempts.filter((attempt) => attempt.trace === trace).map((attempt) => attempt.step);
  const [remains, unknown] = [named('remains'), named('unknown')];
  const undone = named('undone').filter((one) => one !== step);
  const parts = [
    `"${shown(step.planned.name)}" could not be written: ${error.message}`,
    ...part('still written, because undoing it failed', remains),
    ...part('not known whether written', unknown),
    ...part('undone', undone),
    remains.length + unknown.length + undone.length === 0 ? 'nothing was changed' : 'nothing else was changed',
  ];
  const isClean = remains.length + unknown.length === 0;
  // `secret_changed` promises that nothing was written.
  const failure = error.failure === 'secret_changed' && !isClean ? 'provider_unavailable' : error.failure;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new VaultError(failure, parts.join('; '), { cause: error, ...hint });
}

export function writtenText(steps: readonly Step[]): string {
  return `written to 1Password: ${listed(steps)}`;
}

function part(what: string, steps: readonly Step[]): string[] {
  return steps.length === 0 ? [] : [`${what}: ${listed(steps)}`];
}

function listed(steps: readonly Step[]): string {
  return fewOf(steps.map(({ planned }) => `"${shown(planned.name)}" (${planned.effect})`));
}
