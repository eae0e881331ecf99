import type { Ways } from '../approvers/define.ts';
import type { ProposalView, RequestView } from '../core/ports.ts';
import { oneLine } from '../core/text.ts';
import type { Asked } from './asked.ts';
import { askedIn } from './asked.ts';
import { isBatch } from './choice.ts';
import type { DecisionForm } from './form.ts';
import { longestNote } from './form.ts';
import type { Options } from './options.ts';
import { optionsOf } from './options.ts';
import type { Moment } from './words.ts';
import { counted, lengthInWords, momentOf } from './words.ts';

/** The request, for somebody who may decide it. */
export interface RequestPage extends Asked {
  readonly expires: Moment;
  readonly remainingMs: number;
  /** How long, and how much, an approval covers; null if it counts once. */
  readonly options: Options | null;
  /** For each name whether its box is ticked; null where none can be left out. */
  readonly ticks: readonly boolean[] | null;
  readonly config: ConfigBox | null;
  readonly factor: FactorBox;
  readonly needsCode: boolean;
  readonly note: string;
  readonly longestNote: number;
  readonly mute: boolean;
  readonly others: Others | null;
  readonly paths: Paths;
  readonly csrf: string;
  /** Why the page is shown once more; null at the first time. */
  readonly notice: string | null;
}

/** Where the form goes, and where its script gets a passkey challenge. */
export interface Paths {
  readonly decide: string;
  readonly challenge: string;
}

/** What of the config is approved with the request. */
export interface ConfigBox {
  readonly isNew: boolean;
  readonly digest: string;
  readonly file: string;
  readonly lines: readonly { readonly subject: string; readonly says: string; readonly isWide: boolean }[];
  readonly isTicked: boolean;
  /** The longest window without it, in words; null if an approval then counts once. */
  readonly without: string | null;
}

/** How a decision is proved here. */
export interface FactorBox extends Ways {
  readonly canApprove: boolean;
  /** The fields that are typed. */
  readonly isTyped: boolean;
}

/** More requests of the same agent. */
export interface Others {
  /** "2 more requests". */
  readonly count: string;
  readonly isOne: boolean;
  readonly next: { readonly path: string; readonly says: string };
}

export interface RequestPageOptions {
  readonly now: number;
  readonly ways: Ways;
  readonly paths: Paths;
  readonly csrf: string;
  readonly others: Others | null;
  /** Why the page is shown once more. */
  readonly notice: string | null;
  /** What was sent before, so that nothing has to be chosen again; null at the first time. */
  readonly sent: DecisionForm | null;
}

export function requestPage(view: RequestView, options: RequestPageOptions): RequestPage {
  const { now, ways, paths, csrf, others, notice, sent } = options;
  const approving = sent?.approve === true ? sent : null;
  return {
    ...askedIn(view),
    expires: momentOf(view.expiresAt, now),
    remainingMs: Math.ceil(view.remainingMs),
    options: optionsOf(view, now, approving),
    ticks: ticksOf(view, approving),
    config: view.proposal && configBox(view, view.proposal, approving),
    factor: factorBox(view, ways),
    needsCode: view.needsCode,
    note: sent?.note ?? '',
    longestNote,
    mute: sent?.mute ?? false,
    others,
    paths,
    csrf,
    notice,
  };
}

/** @param next the oldest of the others, and the path to its page; null if there are none */
export function othersOf(view: RequestView, next: { view: RequestView; path: string } | null): Others | null {
  if (next === null) return null;
  const { operation, names, vault } = next.view;
  const count = view.others.length;
  const says = `${operation} ${counted(names.length, 'secret')} ${operation === 'write' ? 'to' : 'from'} ${oneLine(vault)}`;
  return { count: counted(count, 'more request'), isOne: count === 1, next: { path: next.path, says } };
}

function ticksOf(view: RequestView, sent: DecisionForm | null): readonly boolean[] | null {
  if (!isBatch(view)) return null;
  const isWhole = sent !== null && sent.names.length === 0 && sent.windowMs > 0 && sent.scope === 'vault';
  return view.names.map((_, at) => sent === null || isWhole || sent.names.includes(at));
}

function configBox(view: RequestView, proposal: ProposalView, sent: DecisionForm | null): ConfigBox {
  const { isNew, digest, file, lines } = proposal;
  return {
    isNew,
    digest,
    file: oneLine(file),
    lines: lines.map(({ subject, says, isWide }) => ({ subject: oneLine(subject), says: oneLine(says), isWide })),
    // A config that was changed while the person read is not ticked for them.
    isTicked: sent === null || sent.config === digest,
    without: view.windowMs > 0 ? lengthInWords(view.windowMs) : null,
  };
}

function factorBox({ needsCode }: RequestView, ways: Ways): FactorBox {
  const canApprove = ways.link || ways.totp || ways.passkey;
  return { ...ways, canApprove, isTyped: canApprove && (needsCode || ways.totp) };
}
