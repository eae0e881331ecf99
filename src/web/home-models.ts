import type { BoardView, OpenWindow } from '../core/board.ts';
import type { RequestView } from '../core/ports.ts';
import type { Approver, AskedName, RequestState, Session } from '../core/request.ts';
import { oneLine, shortened } from '../core/text.ts';
import type { Moment } from './words.ts';
import { counted, lengthInWords, momentOf } from './words.ts';

/** How a person proves to be an approver. It shows nothing else. */
export interface SignInPage {
  readonly csrf: string;
  /** Why the page is shown once more; null at the first time. */
  readonly notice: string | null;
  readonly says: string;
  readonly totp: boolean;
  readonly passkey: boolean;
  /** The address at which a passkey counts, where this is another. */
  readonly elsewhere: string | null;
}

/** What an approver sees at `/`. Every text is harmless to look at; the template escapes it for HTML. */
export interface HomePage {
  readonly csrf: string;
  readonly notice: string | null;
  readonly who: string;
  readonly now: Moment;
  readonly heading: string;
  readonly waiting: readonly WaitingLine[];
  readonly windows: readonly OpenLine[];
  /** How many there are, in words: more than are listed, perhaps. */
  readonly windowCount: string;
  readonly moreWindows: number;
  readonly recent: readonly RecentLine[];
}

/** Whom and what a line is about. */
interface Line {
  /** The first few; empty where it is about the whole vault. */
  readonly names: readonly string[];
  readonly moreNames: number;
  readonly vault: string;
  readonly agent: string;
  readonly folder: string;
}

export interface WaitingLine extends Line {
  readonly id: string;
  readonly href: string;
  readonly isWrite: boolean;
  readonly count: string;
  /** Whether approving it may also accept a config. */
  readonly asksForConfig: boolean;
  readonly left: Left;
}

export interface OpenLine extends Line {
  /** Names the window in the form that ends it. */
  readonly id: string;
  readonly left: Left;
  readonly by: string;
}

export interface RecentLine extends Line {
  readonly isWrite: boolean;
  readonly mark: 'approved' | 'denied' | 'ended';
  readonly says: string;
  /** What else was decided, in a few words. */
  readonly terms: readonly string[];
  readonly by: string;
  readonly at: Moment;
}

export interface Left {
  readonly ms: number;
  readonly text: string;
  readonly until: Moment;
}

export interface HomePageOptions {
  readonly now: number;
  readonly csrf: string;
  readonly approver: Approver;
  readonly notice: string | null;
  readonly path: (request: RequestView) => string;
}

/** More than a person reads; together they can be ended all the same. */
const mostWindows = 100;
const mostNames = 3;
/** Code points. What is cut says so. */
const longestName = 80;

export function homePage(
  { requests, windows, recent }: BoardView,
  { now, csrf, approver, notice, path }: HomePageOptions,
): HomePage {
  const listed = windows.slice(0, mostWindows);
  return {
    csrf,
    notice,
    who: oneLine(approver.name),
    now: momentOf(now, now),
    heading: headingFor(requests.length),
    waiting: requests.map((request) => waitingLine(request, now, path(request))),
    windows: listed.map((window) => openLine(window, now)),
    windowCount: counted(windows.length, 'window'),
    moreWindows: windows.length - listed.length,
    recent: recent.flatMap((request) => recentLine(request, now)),
  };
}

function headingFor(waiting: number): string {
  if (waiting === 0) return 'Nothing waits for you';
  return waiting === 1 ? '1 request waits for you' : `${waiting} requests wait for you`;
}

function waitingLine(request: RequestView, now: number, href: string): WaitingLine {
  return {
    ...line(request, called(request.names)),
    id: request.id,
    href,
    isWrite: request.operation === 'write',
    count: counted(request.names.length, 'secret'),
    asksForConfig: request.proposal !== null,
    left: left(request.remainingMs, request.expiresAt, now),
  };
}

function openLine(window: OpenWindow, now: number): OpenLine {
  return {
    ...line(window, window.names ?? []),
    id: window.request,
    left: left(window.remainingMs, window.until, now),
    by: oneLine(window.approver.name),
  };
}

function recentLine(request: RequestView, now: number): RecentLine[] {
  const { decision, state, operation } = request;
  const outcome = outcomes[state];
  if (decision === undefined || outcome === undefined) return [];
  return [
    {
      ...line(request, called(decided(request))),
      ...outcome,
      isWrite: operation === 'write',
      terms: termsOf(request),
      by: oneLine(decision.approver.name),
      at: momentOf(decision.at.wall, now),
    },
  ];
}

const outcomes: Partial<Record<RequestState, { readonly mark: RecentLine['mark']; readonly says: string }>> = {
  approved: { mark: 'approved', says: 'Approved, not fetched yet' },
  released: { mark: 'approved', says: 'Approved' },
  lapsed: { mark: 'ended', says: 'Approved, not used' },
  denied: { mark: 'denied', says: 'Denied' },
};

function termsOf({ decision, names }: RequestView): string[] {
  if (decision === undefined) return [];
  const { approve, allowed, until, at, scope, mute = false, config = false } = decision;
  const isPart = approve && allowed.size < names.length;
  const length = until === undefined ? null : lengthInWords(until.wall - at.wall);
  return [
    ...(isPart ? [`${allowed.size} of ${names.length}`] : []),
    ...(length === null ? [] : [scope === 'vault' ? `the whole vault for ${length}` : `for ${length}`]),
    ...(config ? ['with the config'] : []),
    ...(mute ? ['muted for an hour'] : []),
  ];
}

function line(
  { vault, session }: { readonly vault: string; readonly session: Session },
  names: readonly string[],
): Line {
  return {
    names: names.slice(0, mostNames).map(brief),
    moreNames: Math.max(0, names.length - mostNames),
    vault: brief(vault),
    agent: brief(session.agent),
    folder: brief(session.folder),
  };
}

/** Of an approval, the names that it allowed. */
function decided({ decision, names }: RequestView): readonly AskedName[] {
  return decision?.approve === true ? names.filter(({ id }) => decision.allowed.has(id)) : names;
}

/** As people call them, where the provider tells. */
function called(names: readonly AskedName[]): string[] {
  return names.map(({ name, title }) => title ?? name);
}

function brief(text: string): string {
  return shortened(oneLine(text), longestName);
}

function left(ms: number, until: number, now: number): Left {
  const text = ms < 60_000 ? 'less than a minute' : lengthInWords(Math.floor(ms / 60_000) * 60_000);
  return { ms: Math.ceil(ms), text, until: momentOf(until, now) };
}
