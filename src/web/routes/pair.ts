import type { IncomingMessage } from 'node:http';
import type { Json } from '../../core/canonical.ts';
import type { Clock, Deadline } from '../../core/clock.ts';
import { isOver } from '../../core/clock.ts';
import type { Random } from '../../core/ports.ts';
import type { Answer } from '../answer.ts';
import { refuse } from '../answer.ts';
import { sameMac } from '../mac.ts';
import type { Pages } from '../pages.ts';
import type { Place } from '../place.ts';
import { isFromOwnPage } from '../place.ts';

/** What a person at the terminal has asked a phone to do, once: to make a passkey, or to sign with one. */
export interface Errand {
  /** At least 128 random bits in base64url. It stands in the link's fragment, which no server and no preview sees. */
  readonly code: string;
  readonly expiry: Deadline;
  /** Whether a passkey is made (`PublicKeyCredentialCreationOptionsJSON`) or used (`...RequestOptionsJSON`). */
  readonly makes: 'passkey' | 'signature';
  readonly page: ErrandPage;
  /** For the browser that came first with the code; more than once only for a signature. */
  begin(): Promise<ErrandStep<{ readonly options: Json }>>;
  /** @param response the browser's answer as JSON text */
  finish(response: string): Promise<ErrandStep<{ readonly fingerprint: string | null }>>;
  /** How it ended, for the page; null until then. */
  outcome(): ErrandOutcome | null;
}

export interface ErrandPage {
  readonly heading: string;
  readonly paragraphs: readonly string[];
  readonly button: string;
}

export interface ErrandOutcome {
  readonly good: boolean;
  readonly heading: string;
  readonly says: string;
}

/** `says` is in our own words, for the page. `again`: another try may go well. */
export type ErrandStep<Good> =
  ({ readonly kind: 'good' } & Good) | { readonly kind: 'bad'; readonly says: string; readonly again: boolean };

export interface PairRoute {
  /** The same page for everybody: what it is about comes with the code. */
  show(place: Place): Answer;
  /** @param body the JSON text of one step */
  take(step: string, request: IncomingMessage, place: Place, body: unknown): Promise<Answer>;
  /** From now on the code is this errand's. */
  offer(errand: Errand): void;
  /** Resolves when the page of the errand has been told how it ended. */
  told(): Promise<void>;
}

export interface PairParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly pages: Pages;
  /** The one place where this counts; null while there is none. */
  readonly publicOrigin: () => string | null;
}

/** The errand at this moment, and the browser that does it. */
interface Current {
  readonly errand: Errand;
  /** Given to the browser that began; it lives in its page only. */
  ticket: string | null;
  readonly told: PromiseWithResolvers<null>;
}

const says = {
  dead: 'This code does not work: it was used already, it is older than 5 minutes, or a part of it is missing. Start again at the terminal.',
  elsewhere: 'This page counts only at the address that the terminal shows.',
  foreign: 'Not accepted: this did not come from the page itself.',
};

/** Answers the steps of one errand at a time. Without its code, or the ticket that the code was exchanged for, there is nothing to see. */
export function createPair({ clock, random, pages, publicOrigin }: PairParts): PairRoute {
  let current: Current | null = null;

  const byCode = (code: string): Current | null => {
    if (current === null || current.ticket !== null || isOver(clock, current.errand.expiry)) return null;
    return sameMac(code, current.errand.code) ? current : null;
  };
  const byTicket = (ticket: string): Current | null => {
    if (current === null || current.ticket === null) return null;
    return sameMac(ticket, current.ticket) ? current : null;
  };

  const steps: Readonly<Record<string, (sent: Sent) => Promise<Answer>>> = {
    look: async ({ code }) => {
      const found = byCode(code);
      return found === null ? dead() : json(200, { makes: found.errand.makes, ...found.errand.page });
    },
    begin: async ({ code, ticket }) => {
      const found = byCode(code) ?? byTicket(ticket);
      if (found === null) return dead();
      // Before anything is awaited: of two browsers with one code, one comes first.
      found.ticket ??= Buffer.from(random.bytes(16)).toString('base64url');
      const begun = await found.errand.begin();
      if (begun.kind === 'bad') return bad(begun);
      return json(200, { ticket: found.ticket, options: begun.options });
    },
    finish: async ({ ticket, response }) => {
      const found = byTicket(ticket);
      if (found === null) return dead();
      const done = await found.errand.finish(response);
      return done.kind === 'bad' ? bad(done) : json(200, { fingerprint: done.fingerprint });
    },
    state: async ({ ticket }) => {
      const found = byTicket(ticket);
      if (found === null) return dead();
      const outcome = found.errand.outcome();
      if (outcome === null) return json(200, { over: false });
      found.told.resolve(null);
      return json(200, { over: true, good: outcome.good, heading: outcome.heading, says: outcome.says });
    },
  };

  return {
    show: (place) =>
      place.origin === publicOrigin() ? { status: 200, html: pages.pair() } : refuse(pages, 'deadLink'),
    async take(step, request, place, body) {
      if (place.origin !== publicOrigin()) return json(403, { says: says.elsewhere });
      if (!isFromOwnPage(request, place)) return json(403, { says: says.foreign });
      const sent = read(body);
      const answer = Object.hasOwn(steps, step) ? steps[step] : undefined;
      return sent === null || answer === undefined ? dead() : answer(sent);
    },
    offer: (errand) => {
      current = { errand, ticket: null, told: Promise.withResolvers<null>() };
    },
    told: async () => {
      await current?.told.promise;
    },
  };
}

interface Sent {
  readonly code: string;
  readonly ticket: string;
  readonly response: string;
}

/** Strict: an object of these texts and nothing else. What is missing is empty, which fits nothing. */
function read(body: unknown): Sent | null {
  if (typeof body !== 'string') return null;
  const fields = new Map<string, unknown>(Object.entries(parsed(body)));
  const known = ['code', 'ticket', 'response'];
  if ([...fields.keys()].some((name) => !known.includes(name))) return null;
  const [code, ticket, response] = known.map((name) => fields.get(name) ?? '');
  if (typeof code !== 'string' || typeof ticket !== 'string' || typeof response !== 'string') return null;
  return { code, ticket, response };
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { unknown: true };
  } catch {
    return { unknown: true };
  }
}

function dead(): Answer {
  return json(404, { says: says.dead });
}

function bad(step: { readonly says: string; readonly again: boolean }): Answer {
  return json(400, { says: step.says, again: step.again });
}

function json(status: number, value: Json): Answer {
  return { status, json: value };
}
