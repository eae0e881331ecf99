import type { RequestView } from '../core/ports.ts';
import type { RequestState } from '../core/request.ts';
import type { Asked } from './view-models.ts';
import { askedIn, coveredBy } from './view-models.ts';
import type { Moment } from './words.ts';
import { momentOf } from './words.ts';

/** What became of a request, for the browser that opened its link. */
export interface OutcomePage extends Asked, Outcome {
  readonly decided: (Moment & { readonly by: string }) | null;
  /** Until when repeats pass without a new tap; null if an approval opened no window. */
  readonly until: (Moment & { readonly covers: string }) | null;
  /** What is said here may be another in a moment. */
  readonly isSettling: boolean;
}

interface Outcome {
  readonly mark: 'approved' | 'denied' | 'expired' | 'ended';
  readonly heading: string;
  readonly says: string;
}

/** The page looks again by itself as long as an approval is this young, in milliseconds. */
const youngMs = 20_000;

/** Null while the request still waits for a decision. */
export function outcomePage(view: RequestView, now: number): OutcomePage | null {
  const outcome = outcomeOf(view);
  if (outcome === null) return null;
  const { decision } = view;
  const isYoung = decision === undefined || now - decision.at.wall < youngMs;
  return {
    ...askedIn(view),
    ...outcome,
    decided: decision === undefined ? null : { ...momentOf(decision.at.wall, now), by: decision.approver.name },
    until: windowEnd(view, now),
    isSettling: view.state === 'deciding' || (view.state === 'approved' && isYoung),
  };
}

const opensWindow: ReadonlySet<RequestState> = new Set(['approved', 'released']);

function windowEnd(view: RequestView, now: number): OutcomePage['until'] {
  const end = view.decision?.until;
  if (end === undefined || !opensWindow.has(view.state)) return null;
  return { ...momentOf(end.wall, now), covers: coveredBy(view) };
}

function outcomeOf(view: RequestView): Outcome | null {
  if (view.state === 'opening') return null;
  if (view.state === 'pending') return view.remainingMs > 0 ? null : endings.expired;
  return view.operation === 'write' ? { ...endings[view.state], ...writeEndings[view.state] } : endings[view.state];
}

const endings: Readonly<Record<Exclude<RequestState, 'opening' | 'pending'>, Outcome>> = {
  deciding: { mark: 'ended', heading: 'One moment', says: 'The decision is being written down.' },
  approved: {
    mark: 'approved',
    heading: 'Approved',
    says: 'The agent has not fetched it yet. Nothing more is needed from you.',
  },
  released: { mark: 'approved', heading: 'Approved', says: 'The agent has what it asked for.' },
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
