import { auditActions } from '../../core/audit-row.ts';
import { VaultError } from '../../core/errors.ts';
import { didYouMean, oneLine } from '../../core/text.ts';
import type { Filter } from '../../evidence/app.ts';
import type { Flags } from '../arguments.ts';
import { timeIn } from './time.ts';

/** The rows that the flags choose. Throws `input_invalid`. @param now wall clock, milliseconds */
export function filterOf(flags: Flags, now: number): Filter {
  const { since, until, vault, name, action, session, agent, approver } = flags;
  return {
    ...(since === undefined ? {} : { since: timeIn(since, 'since', now) }),
    ...(until === undefined ? {} : { until: timeIn(until, 'until', now) }),
    ...(vault === undefined ? {} : { vault }),
    ...(name === undefined ? {} : { name }),
    ...(action === undefined ? {} : { actions: action.split(',').map(known) }),
    ...(session === undefined ? {} : { session }),
    ...(agent === undefined ? {} : { agent }),
    ...(approver === undefined ? {} : { approver }),
  };
}

/** How many rows at most. Throws `input_invalid`. */
export function limitOf({ limit }: Flags, otherwise: number): number {
  if (limit === undefined) return otherwise;
  if (/^[1-9]\d{0,8}$/u.test(limit)) return Number(limit);
  throw new VaultError('input_invalid', `--limit ${oneLine(limit)} is no number of rows`);
}

function known(action: string): string {
  const trimmed = action.trim();
  if (auditActions.some((each) => each === trimmed)) return trimmed;
  const near = didYouMean(trimmed, auditActions);
  const meant = near === null ? '' : `; did you mean ${near}?`;
  throw new VaultError('input_invalid', `there is no action "${oneLine(trimmed)}"${meant}`, {
    hint: auditActions.join(', '),
  });
}
