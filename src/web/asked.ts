import type { RequestView } from '../core/ports.ts';
import type { AskedName } from '../core/request.ts';
import { oneLine, visible } from '../core/text.ts';
import { counted } from './words.ts';

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
  /** Whether it was left out of what was approved. */
  readonly isRefused: boolean;
}

export function askedIn(view: RequestView): Asked {
  const refused = refusedIn(view);
  return {
    isWrite: view.operation === 'write',
    count: counted(view.names.length, 'secret'),
    vault: oneLine(view.vault),
    vaultKind: kinds.get(view.vaultType) ?? oneLine(view.vaultType),
    names: view.names.map((name) => nameLine(name, refused.has(name.id))),
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

function refusedIn({ names, decision }: RequestView): ReadonlySet<string> {
  if (decision?.approve !== true) return new Set();
  return new Set(names.map(({ id }) => id).filter((id) => !decision.allowed.has(id)));
}

function nameLine({ name, title, group, groupTitle, effect, preview }: AskedName, isRefused: boolean): NameLine {
  const place = groupTitle ?? group;
  return {
    name: oneLine(name),
    title: title === undefined ? null : oneLine(title),
    group: place === undefined ? null : oneLine(place),
    effect: effect === undefined ? null : effect === 'create' ? 'CREATES' : 'REPLACES',
    preview: preview === undefined ? null : oneLine(preview),
    isRefused,
  };
}
