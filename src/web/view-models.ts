import type { RequestView } from '../core/ports.ts';
import type { AskedName } from '../core/request.ts';
import { oneLine, visible } from '../core/text.ts';
import type { Moment } from './words.ts';
import { counted, lengthInWords, momentOf } from './words.ts';

/** What was asked. Every text is harmless to look at; the template escapes it for HTML. */
export interface Asked {
  readonly isWrite: boolean;
  readonly count: string;
  readonly vault: string;
  readonly vaultKind: string;
  readonly names: readonly NameLine[];
  readonly reason: string;
  readonly agent: string;
  readonly folder: string;
  readonly pid: number;
}

export interface NameLine {
  readonly name: string;
  /** What the provider calls it; null where that is the name. */
  readonly title: string | null;
  readonly group: string | null;
  readonly effect: 'CREATES' | 'REPLACES' | null;
  readonly preview: string | null;
}

/** The request, for somebody who may decide it. */
export interface RequestPage extends Asked {
  readonly expires: Moment;
  readonly remainingMs: number;
  /** The window that an approval opens; null if it opens none. */
  readonly window: WindowLine | null;
  readonly factorSays: string;
  readonly action: string;
  readonly csrf: string;
  /** Why the page is shown once more; null at the first time. */
  readonly notice: string | null;
}

export interface WindowLine {
  readonly length: string;
  readonly ms: number;
  readonly until: Moment;
  readonly covers: string;
  /** Whether it covers more than what is asked now. */
  readonly isWide: boolean;
}

export interface RequestPageOptions {
  readonly now: number;
  readonly factorSays: string;
  /** Where the form goes. */
  readonly action: string;
  readonly csrf: string;
  readonly notice?: string;
}

export function requestPage(view: RequestView, options: RequestPageOptions): RequestPage {
  const { now, factorSays, action, csrf, notice } = options;
  return {
    ...askedIn(view),
    expires: momentOf(view.expiresAt, now),
    remainingMs: Math.ceil(view.remainingMs),
    window: windowOf(view, now),
    factorSays,
    action,
    csrf,
    notice: notice ?? null,
  };
}

export function askedIn(view: RequestView): Asked {
  return {
    isWrite: view.operation === 'write',
    count: counted(view.names.length, 'secret'),
    vault: oneLine(view.vault),
    vaultKind: kinds.get(view.vaultType) ?? oneLine(view.vaultType),
    names: view.names.map(nameLine),
    reason: visible(view.reason),
    agent: oneLine(view.session.agent),
    folder: oneLine(view.session.folder),
    pid: view.session.pid,
  };
}

/** Providers by the names that people know; any other is shown as the config calls it. */
const kinds: ReadonlyMap<string, string> = new Map([
  ['env', 'env file'],
  ['1password', '1Password'],
]);

function nameLine({ name, title, group, groupTitle, effect, preview }: AskedName): NameLine {
  const place = groupTitle ?? group;
  return {
    name: oneLine(name),
    title: title === undefined ? null : oneLine(title),
    group: place === undefined ? null : oneLine(place),
    effect: effect === undefined ? null : effect === 'create' ? 'CREATES' : 'REPLACES',
    preview: preview === undefined ? null : oneLine(preview),
  };
}

function windowOf(view: RequestView, now: number): WindowLine | null {
  if (view.operation === 'write' || view.windowMs <= 0) return null;
  const until = momentOf(now + view.windowMs, now);
  const isWide = view.scope === 'vault';
  return { length: lengthInWords(view.windowMs), ms: view.windowMs, until, covers: coveredBy(view), isWide };
}

/** What an approval of this request covers while its window is open. */
export function coveredBy({ scope, names }: RequestView): string {
  if (scope === 'vault') return 'every secret in this vault';
  return names.length === 1 ? 'this secret' : 'these secrets';
}
