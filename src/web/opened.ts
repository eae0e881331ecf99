import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.ts';
import type { Desk, RequestView } from '../core/ports.ts';
import type { Answer } from './answer.ts';
import { refuse } from './answer.ts';
import type { Links, OpenedLink } from './links.ts';
import type { Pages } from './pages.ts';
import type { Place } from './place.ts';
import { isFromOwnPage } from './place.ts';
import type { Visitor, Visitors } from './visitors.ts';

/** A link that we made, to a request that the desk still knows. */
export interface Opened {
  readonly link: OpenedLink;
  readonly view: RequestView;
  /** Whether it can be decided now. */
  readonly isWaiting: boolean;
}

export interface OpenParts {
  readonly desk: Desk;
  readonly clock: Clock;
  readonly links: Links;
}

/** @param target the raw request target; null if it is no link of ours */
export function open({ links, desk, clock }: OpenParts, target = ''): Opened | null {
  const link = links.read(target);
  const view = link === null ? null : desk.view(link.id);
  if (link === null || view === null) return null;
  const isWaiting = view.state === 'pending' && view.remainingMs > 0 && clock.wall() < link.expiresAt;
  return { link, view, isWaiting };
}

/** A browser at a request's page. */
export interface Visit {
  readonly opened: Opened;
  readonly visitor: Visitor;
  readonly place: Place;
}

export interface AdmitParts extends OpenParts {
  readonly visitors: Visitors;
  readonly pages: Pages;
}

/**
 * Who posts a form to a request's page, or to an address below it; an answer if they may not. The form's token is not looked at.
 * @param step the address below the page: "lift"
 */
export function admit(parts: AdmitParts, request: IncomingMessage, place: Place, step?: string): Visit | Answer {
  const { visitors, pages } = parts;
  const opened = open(parts, step === undefined ? request.url : above(request.url, step));
  if (opened === null) return refuse(pages, 'deadLink');
  const visitor = visitors.recognise(request.headers.cookie, opened.link.id, place);
  if (!opened.isWaiting && visitor === null) return refuse(pages, 'deadLink');
  if (!isFromOwnPage(request, place)) return refuse(pages, 'foreignForm');
  return visitor === null ? refuse(pages, 'noCookie') : { opened, visitor, place };
}

/** The path and query of an address below a request's page. */
export function below({ path }: OpenedLink, step: string): string {
  return path.replace('?', `/${step}?`);
}

function above(target = '', step: string): string {
  return target.replace(`/${step}?`, '?');
}
