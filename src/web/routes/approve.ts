import type { IncomingMessage } from 'node:http';
import type { Factor } from '../../approvers/index.ts';
import type { Clock } from '../../core/clock.ts';
import type { Desk, RequestView } from '../../core/ports.ts';
import type { Answer } from '../answer.ts';
import { refuse } from '../answer.ts';
import { readForm } from '../form.ts';
import type { Links, OpenedLink } from '../links.ts';
import { sameMac } from '../mac.ts';
import { outcomePage } from '../outcome.ts';
import type { Pages } from '../pages.ts';
import type { Place } from '../place.ts';
import { isFromOwnPage } from '../place.ts';
import { requestPage } from '../view-models.ts';
import type { Visitor, Visitors } from '../visitors.ts';

export interface ApproveParts {
  readonly desk: Desk;
  readonly clock: Clock;
  readonly factor: Factor;
  readonly links: Links;
  readonly visitors: Visitors;
  readonly pages: Pages;
}

export interface ApproveRoute {
  /** The page of a link. Changes nothing, however often it is fetched. */
  show(request: IncomingMessage, place: Place): Answer;
  /** The click. @param body the form as text; undefined if it was sent in another form */
  decide(request: IncomingMessage, place: Place, body: unknown): Promise<Answer>;
}

const notices = {
  stale: 'Nothing was decided: this page had been opened a second time. Please choose again.',
  unproved: 'Nothing was decided: that did not prove who you are. Please try again.',
  unrecorded: 'Nothing was decided: the audit log could not be written. Please try again in a moment.',
};

export function createApprove(parts: ApproveParts): ApproveRoute {
  const { visitors, pages } = parts;
  return {
    show(request, place) {
      const opened = open(parts, request);
      if (opened === null) return refuse(pages, 'deadLink');
      const visitor = visitors.recognise(request.headers.cookie, opened.link.id, place);
      if (!opened.isWaiting) return visitor === null ? refuse(pages, 'deadLink') : outcome(parts, opened.view);
      if (visitor !== null) return ask(parts, opened, visitor);
      const welcome = visitors.welcome(opened.link.id, place);
      return { ...ask(parts, opened, welcome.visitor), headers: { 'Set-Cookie': welcome.cookie } };
    },

    async decide(request, place, body) {
      const opened = open(parts, request);
      if (opened === null) return refuse(pages, 'deadLink');
      const visitor = visitors.recognise(request.headers.cookie, opened.link.id, place);
      if (!opened.isWaiting && visitor === null) return refuse(pages, 'deadLink');
      if (!isFromOwnPage(request, place)) return refuse(pages, 'foreignForm');
      if (visitor === null) return refuse(pages, 'noCookie');
      return judge(parts, { opened, visitor, body });
    },
  };
}

/** A link that we made, to a request that the desk still knows. */
interface Opened {
  readonly link: OpenedLink;
  readonly view: RequestView;
  /** Whether it can be decided now. */
  readonly isWaiting: boolean;
}

function open({ links, desk, clock }: ApproveParts, request: IncomingMessage): Opened | null {
  const link = links.read(request.url ?? '');
  const view = link === null ? null : desk.view(link.id);
  if (link === null || view === null) return null;
  const isWaiting = view.state === 'pending' && view.remainingMs > 0 && clock.wall() < link.expiresAt;
  return { link, view, isWaiting };
}

interface Click {
  readonly opened: Opened;
  readonly visitor: Visitor;
  readonly body: unknown;
}

/** Link, origin and cookie are fine: what is left is the form, and who sent it. */
async function judge(parts: ApproveParts, { opened, visitor, body }: Click): Promise<Answer> {
  const { desk, factor, pages } = parts;
  const { link, isWaiting } = opened;
  const seeOther: Answer = { status: 303, headers: { Location: link.path } };
  if (!isWaiting) return seeOther;
  const form = readForm(body, factor.fields);
  if (form === null) return refuse(pages, 'badForm');
  const again = (status: number, notice: string): Answer => ({ ...ask(parts, opened, visitor, notice), status });
  if (!sameMac(form.csrf, visitor.csrf)) return again(403, notices.stale);
  const approver = await factor.prove({ request: link.id, approve: form.approve, fields: form.fields });
  if (approver === null) return again(403, notices.unproved);
  const result = await desk.decide(link.id, form.approve, approver);
  const stillWaits = desk.view(link.id)?.state === 'pending';
  return result === 'unrecorded' && stillWaits ? again(503, notices.unrecorded) : seeOther;
}

function ask(
  { clock, factor, pages }: ApproveParts,
  { link, view }: Opened,
  visitor: Visitor,
  notice?: string,
): Answer {
  const page = requestPage(view, {
    now: clock.wall(),
    factorSays: factor.says,
    action: link.path,
    csrf: visitor.csrf,
    ...(notice === undefined ? {} : { notice }),
  });
  return { status: 200, html: pages.request(page) };
}

function outcome({ clock, pages }: ApproveParts, view: RequestView): Answer {
  const page = outcomePage(view.state === 'pending' ? { ...view, remainingMs: 0 } : view, clock.wall());
  return page === null ? refuse(pages, 'deadLink') : { status: 200, html: pages.outcome(page) };
}
