import type { IncomingMessage } from 'node:http';
import type { Answer } from '../answer.ts';
import { refuse, seeOther } from '../answer.ts';
import { createDeciders } from '../deciders.ts';
import type { NotDecided } from '../deciding.ts';
import { createDeciding, isNotDecided, notices } from '../deciding.ts';
import { readForm, readToken } from '../form.ts';
import { sameMac } from '../mac.ts';
import { admit, open } from '../opened.ts';
import type { Place } from '../place.ts';
import type { ShowParts } from '../showing.ts';
import { ask, askAgain, outcome } from '../showing.ts';

export type ApproveParts = Omit<ShowParts, 'deciders'>;

/** @param body the form as text; undefined if it was sent in another form */
type Post = (request: IncomingMessage, place: Place, body: unknown) => Promise<Answer>;

export interface ApproveRoute {
  /** The page of a link. Changes nothing, however often it is fetched. */
  readonly show: (request: IncomingMessage, place: Place) => Promise<Answer>;
  /** The click. */
  readonly decide: Post;
  /** For the page's script: a passkey challenge over the same form, as JSON: `{ id, options }`, or `{ says }` why there is none. */
  readonly challenge: Post;
  /** Lets the agent ask again for what was denied. Nothing is read by that; but it takes the browser that decided. */
  readonly lift: Post;
}

export function createApprove(given: ApproveParts): ApproveRoute {
  const deciders = createDeciders();
  const parts = { ...given, deciders };
  const { visitors, pages, desk } = parts;
  const deciding = createDeciding(parts);
  return {
    async show(request, place) {
      const opened = open(parts, request.url);
      if (opened === null) return refuse(pages, 'deadLink');
      const visitor = visitors.recognise(request.headers.cookie, opened.link.id, place);
      if (!opened.isWaiting) return visitor === null ? refuse(pages, 'deadLink') : outcome(parts, opened, visitor);
      if (visitor !== null) return ask(parts, { opened, visitor, place });
      const welcome = visitors.welcome(opened.link.id, place);
      const answer = await ask(parts, { opened, visitor: welcome.visitor, place });
      return { ...answer, headers: { 'Set-Cookie': welcome.cookie } };
    },

    async decide(request, place, body) {
      const visit = admit(parts, request, place);
      if ('status' in visit) return visit;
      const { link, view, isWaiting } = visit.opened;
      const form = readForm(body);
      if (!isWaiting) return seeOther(link.path);
      if (form === null) return refuse(pages, 'badForm');
      if (!sameMac(form.csrf, visit.visitor.csrf)) return ask(parts, visit, { ...notices.stale, sent: form });
      const refused = await deciding.decide({ form, view, origin: place.origin });
      if (refused === null) deciders.remember(link.id, visit.visitor);
      return refused === null ? seeOther(link.path) : askAgain(parts, visit, { ...refused, sent: form });
    },

    async challenge(request, place, body) {
      const visit = admit(parts, request, place, 'challenge');
      if ('status' in visit) return visit;
      const { link, view, isWaiting } = visit.opened;
      const form = readForm(body);
      if (!isWaiting) return said(notices.ended);
      if (form === null) return said(notices.invalid);
      if (!sameMac(form.csrf, visit.visitor.csrf)) return said(notices.stale);
      const begun = await deciding.challenge({ form, view, origin: place.origin });
      if (!isNotDecided(begun)) return { status: 200, json: { id: begun.id, options: begun.options } };
      return said(open(parts, link.path)?.isWaiting === true ? begun : notices.ended);
    },

    async lift(request, place, body) {
      const visit = admit(parts, request, place, 'lift');
      if ('status' in visit) return visit;
      const { opened, visitor } = visit;
      if (!sameMac(readToken(body) ?? '', visitor.csrf)) return refuse(pages, 'badForm');
      if (!deciders.has(opened.link.id, visitor)) return refuse(pages, 'notDecider');
      try {
        await desk.lift(opened.link.id);
        return seeOther(opened.link.path);
      } catch {
        return outcome(parts, opened, visitor, notices.unlifted);
      }
    },
  };
}

function said({ status, says }: NotDecided): Answer {
  return { status, json: { says } };
}
