import type { RequestView } from '../core/ports.ts';
import type { Approver, RequestState } from '../core/request.ts';
import { oneLine, visible } from '../core/text.ts';
import type { Asked } from './asked.ts';
import { askedIn } from './asked.ts';
import { coveredBy } from './options.ts';
import type { Others } from './view-models.ts';
import type { Moment } from './words.ts';
import { lengthInWords, momentOf } from './words.ts';

/** What became of a request, for the browser that opened its link. */
export interface OutcomePage extends Asked, Outcome {
  readonly decided: (Moment & { readonly by: string }) | null;
  /** Until when repeats pass without a new tap; null if an approval opened no window. */
  readonly until: (Moment & { readonly covers: string }) | null;
  /** What the agent was told along with a denial. */
  readonly note: string | null;
  /** Whether the config was approved too. */
  readonly config: boolean;
  /** For how long what was denied is refused without asking; null if it is not. */
  readonly cooling: (Moment & { readonly words: string; readonly isMute: boolean; readonly covers: string }) | null;
  /** What is said here may be another in a moment. */
  readonly isSettling: boolean;
  readonly others: Others | null;
  /** Where the form goes that lets the agent ask again; null for a browser that has not decided. */
  readonly lift: string | null;
  readonly csrf: string;
  readonly notice: string | null;
}

export interface OutcomePageOptions {
  readonly now: number;
  readonly others: Others | null;
  readonly lift: string | null;
  readonly csrf: string;
  readonly notice: string | null;
}

interface Outcome {
  readonly mark: 'approved' | 'denied' | 'expired' | 'ended';
  readonly heading: string;
  readonly says: string;
}

/** The page looks again by itself as long as an approval is this young, in milliseconds. */
const youngMs = 20_000;

/** Null while the request still waits for a decision. */
export function outcomePage(view: RequestView, { now, ...page }: OutcomePageOptions): OutcomePage | null {
  const outcome = outcomeOf(view);
  if (outcome === null) return null;
  const { decision } = view;
  const isYoung = decision === undefined || now - decision.at.wall < youngMs;
  return {
    ...askedIn(view),
    ...outcome,
    ...page,
    decided: decision === undefined ? null : { ...momentOf(decision.at.wall, now), by: nameOf(decision.approver) },
    until: windowEnd(view, now),
    note: decision?.note === undefined ? null : visible(decision.note),
    config: decision?.config === true,
    cooling: coolingOf(view, now),
    isSettling: view.state === 'deciding' || (view.state === 'approved' && isYoung),
  };
}

const opensWindow: ReadonlySet<RequestState> = new Set(['approved', 'released']);

function windowEnd({ decision, state, names }: RequestView, now: number): OutcomePage['until'] {
  const end = decision?.until;
  if (decision === undefined || end === undefined || !opensWindow.has(state)) return null;
  const count = names.filter(({ id }) => decision.allowed.has(id)).length;
  return { ...momentOf(end.wall, now), covers: coveredBy(decision.scope, count) };
}

function coolingOf({ decision, coolingMs, names }: RequestView, now: number): OutcomePage['cooling'] {
  if (decision === undefined || coolingMs === 0) return null;
  const refused = names.filter(({ id }) => !decision.allowed.has(id)).length;
  return {
    ...momentOf(now + coolingMs, now),
    words: lengthInWords(Math.ceil(coolingMs / 60_000) * 60_000),
    isMute: decision.mute === true,
    covers: coveredBy('secret', refused),
  };
}

const factors: Readonly<Record<Approver['factor'], string>> = {
  link: '',
  totp: ' (authenticator app)',
  passkey: ' (passkey)',
};

function nameOf({ name, factor }: Approver): string {
  return factor === 'link' ? `the ${name}` : oneLine(name) + factors[factor];
}

function outcomeOf(view: RequestView): Outcome | null {
  if (view.state === 'opening') return null;
  if (view.state === 'pending') return view.remainingMs > 0 ? null : endings.expired;
  const ending = endings[view.state];
  if (view.operation === 'write') return { ...ending, ...writeEndings[view.state] };
  return opensWindow.has(view.state) && isPartial(view) ? { ...ending, heading: 'Approved in part' } : ending;
}

function isPartial({ names, decision }: RequestView): boolean {
  return names.some(({ id }) => decision?.allowed.has(id) === false);
}

const endings: Readonly<Record<Exclude<RequestState, 'opening' | 'pending'>, Outcome>> = {
  deciding: { mark: 'ended', heading: 'One moment', says: 'The decision is being written down.' },
  approved: {
    mark: 'approved',
    heading: 'Approved',
    says: 'The agent has not fetched it yet. Nothing more is needed from you.',
  },
  released: { mark: 'approved', heading: 'Approved', says: 'The agent has what you approved.' },
  lapsed: {
    mark: 'ended',
    heading: 'Approved, not used',
    says: 'The agent did not come back for it in time. Nothing was released.',
  },
  denied: { mark: 'denied', heading: 'Denied', says: 'Nothing was released. The agent is told that you said no.' },
  expired: { mark: 'expired', heading: 'Expired', says: 'Nobody decided in time. Nothing was released.' },
  withdrawn: { mark: 'ended', heading: 'Withdrawn', says: 'The agent no longer waits for this. Nothing was released.' },
};

const writeEndings: Partial<Record<RequestState, Partial<Outcome>>> = {
  approved: { says: 'Agent Vault is writing it now. Nothing more is needed from you.' },
  released: { says: 'Agent Vault carries out the write, and tells the agent how it went.' },
  lapsed: { says: 'It was too late to write. Nothing was changed.' },
  denied: { says: 'Nothing was changed. The agent is told that you said no.' },
  expired: { says: 'Nobody decided in time. Nothing was changed.' },
  withdrawn: { says: 'The agent no longer waits for this. Nothing was changed.' },
};
