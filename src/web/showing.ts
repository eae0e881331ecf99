import type { Gate } from '../approvers/define.ts';
import type { RequestView } from '../core/ports.ts';
import type { Answer } from './answer.ts';
import { refuse, seeOther } from './answer.ts';
import type { Deciders } from './deciders.ts';
import type { NotDecided } from './deciding.ts';
import type { DecisionForm } from './form.ts';
import type { AdmitParts, Opened, Visit } from './opened.ts';
import { below, open } from './opened.ts';
import { outcomePage } from './outcome.ts';
import type { Others } from './view-models.ts';
import { othersOf, requestPage } from './view-models.ts';
import type { Visitor } from './visitors.ts';

export interface ShowParts extends AdmitParts {
  readonly gate: Gate;
  readonly deciders: Deciders;
}

/** Why a page is shown once more, and the form that was sent. */
export interface Again extends NotDecided {
  readonly sent: DecisionForm | null;
}

/** The page on which a request is decided. */
export async function ask(parts: ShowParts, { opened, visitor, place }: Visit, notice?: Again): Promise<Answer> {
  const { clock, gate, pages } = parts;
  const { link, view } = opened;
  const page = requestPage(view, {
    now: clock.wall(),
    ways: await gate.ways(place.origin),
    paths: { decide: link.path, challenge: below(link, 'challenge') },
    csrf: visitor.csrf,
    others: others(parts, view),
    notice: notice?.says ?? null,
    sent: notice?.sent ?? null,
  });
  return { status: notice?.status ?? 200, html: pages.request(page) };
}

/** That page once more; or, if the request has ended meanwhile, what became of it. */
export async function askAgain(parts: ShowParts, visit: Visit, notice: Again): Promise<Answer> {
  const { path } = visit.opened.link;
  const opened = open(parts, path);
  if (opened?.isWaiting === true) return ask(parts, { ...visit, opened }, notice);
  const isOverTries = opened?.view.state === 'withdrawn' && notice.status === 403;
  return opened !== null && isOverTries ? outcome(parts, opened, visit.visitor, notice) : seeOther(path);
}

/** What became of a request. */
export function outcome(parts: ShowParts, { link, view }: Opened, visitor: Visitor, notice?: NotDecided): Answer {
  const { clock, pages, deciders } = parts;
  const page = outcomePage(view.state === 'pending' ? { ...view, remainingMs: 0 } : view, {
    now: clock.wall(),
    others: others(parts, view),
    lift: deciders.has(link.id, visitor) ? below(link, 'lift') : null,
    csrf: visitor.csrf,
    notice: notice?.says ?? null,
  });
  return page === null ? refuse(pages, 'deadLink') : { status: notice?.status ?? 200, html: pages.outcome(page) };
}

function others({ desk, links }: ShowParts, view: RequestView): Others | null {
  const [first] = view.others;
  const next = first === undefined ? null : desk.view(first);
  return othersOf(view, next && { view: next, path: links.path(next.id, next.expiresAt) });
}
