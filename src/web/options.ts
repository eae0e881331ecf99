import type { RequestView } from '../core/ports.ts';
import type { Scope } from '../core/request.ts';
import type { Moment } from './words.ts';
import { lengthInWords, momentOf } from './words.ts';

/** How long, and how much, an approval can cover. */
export interface Options {
  /** The shortest first: once. */
  readonly lengths: readonly LengthOption[];
  /** Null where there is nothing to choose. */
  readonly scopes: readonly ScopeOption[] | null;
  /** What is ticked. */
  readonly chosen: { readonly length: LengthOption; readonly scope: ScopeOption };
}

export interface LengthOption {
  readonly ms: number;
  readonly words: string;
  /** Where it would end if it began now; null for once. */
  readonly until: Moment | null;
  /** Whether it is what the policy says. */
  readonly isUsual: boolean;
  readonly isChosen: boolean;
  /** Whether the policy in force does not allow it yet. */
  readonly needsConfig: boolean;
}

export interface ScopeOption {
  readonly scope: Scope;
  /** "this secret", "every secret in this vault". */
  readonly covers: string;
  readonly isUsual: boolean;
  readonly isChosen: boolean;
  readonly needsConfig: boolean;
}

/** What a person chose before; the usual where they chose nothing. */
export type Chosen = { readonly windowMs: number; readonly scope: Scope } | null;

const minute = 60_000;
const steps = [5, 15, 60, 240, 480].map((minutes) => minutes * minute);

/** Null if an approval counts once and there is nothing to choose. */
export function optionsOf(view: RequestView, now: number, chosen: Chosen): Options | null {
  const most = Math.max(view.windowMs, view.proposal?.windowMs ?? 0);
  if (most === 0) return null;
  const usual = usualOf(view);
  const ticked = chosen ?? usual;
  const lengths = lengthsUpTo(most, view.windowMs).map((ms) => ({
    ms,
    words: ms === 0 ? 'Once' : lengthInWords(ms),
    until: ms === 0 ? null : momentOf(now + ms, now),
    isUsual: ms === usual.windowMs,
    isChosen: ms === ticked.windowMs,
    needsConfig: ms > view.windowMs,
  }));
  const scopes = (['secret', 'vault'] as const).map((scope) => ({
    scope,
    covers: coveredBy(scope, view.names.length),
    isUsual: scope === usual.scope,
    isChosen: scope === ticked.scope,
    needsConfig: scope === 'vault' && view.scope !== 'vault',
  }));
  const isWide = view.scope === 'vault' || view.proposal?.scope === 'vault';
  return {
    lengths,
    scopes: isWide ? scopes : null,
    chosen: { length: theChosen(lengths), scope: theChosen(isWide ? scopes : scopes.slice(0, 1)) },
  };
}

/** What an approval of so many secrets covers while its window is open. */
export function coveredBy(scope: Scope, count: number): string {
  if (scope === 'vault') return 'every secret in this vault';
  return count === 1 ? 'this secret' : 'these secrets';
}

/** A config that is new has its say; one that was changed must not preselect more than what was approved before. */
function usualOf({ proposal, windowMs, scope }: RequestView): { windowMs: number; scope: Scope } {
  return proposal?.isNew === true ? proposal : { windowMs, scope };
}

function lengthsUpTo(most: number, inForce: number): number[] {
  const lengths = [0, ...steps, inForce, most].filter((ms) => ms <= most);
  return [...new Set(lengths)].sort((a, b) => a - b);
}

function theChosen<Option extends { isChosen: boolean }>(options: readonly Option[]): Option {
  const [first] = options;
  const chosen = options.find(({ isChosen }) => isChosen) ?? first;
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}
