import type { Json } from '../core/canonical.ts';
import type { MessagePage, Pages } from './pages.ts';

/** What a route answers; `app.ts` sends it. */
export interface Answer {
  readonly status: number;
  readonly html?: string;
  /** For the page's script, instead of `html`. */
  readonly json?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answers that are only words. */
export type Refusal = keyof typeof refusals;

const refusals = {
  /** One page for links that are unknown, used, expired or forged: it tells nobody which. */
  deadLink: {
    status: 404,
    heading: 'This link does not work',
    paragraphs: [
      'It may have been used already, it may have expired, or a part of it is missing.',
      'If an agent still needs something from you, it will ask again with a new link.',
    ],
  },
  wrongHost: {
    status: 421,
    heading: 'Not served here',
    paragraphs: ['This address is not one of Agent Vault’s. Open the link exactly as you got it.'],
  },
  wrongMethod: { status: 405, heading: 'Not possible', paragraphs: ['This page cannot be used in that way.'] },
  foreignForm: {
    status: 403,
    heading: 'Not accepted',
    paragraphs: [
      'This decision did not come from the approval page. Nothing was decided.',
      'Open the link again and decide there.',
    ],
  },
  notDecider: {
    status: 403,
    heading: 'Not from this browser',
    paragraphs: ['Only the browser that denied can let the agent ask again. Nothing was changed.'],
  },
  noCookie: {
    status: 403,
    heading: 'Your browser sent no cookie',
    paragraphs: ['Nothing was decided. Allow cookies for this page, then open the link again.'],
  },
  badForm: {
    status: 400,
    heading: 'Not understood',
    paragraphs: ['The form did not arrive as the page sends it. Nothing was decided.', 'Open the link again.'],
  },
} as const satisfies Record<string, MessagePage & { status: number }>;

export function refuse(pages: Pages, refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Answer {
  const { status, ...page } = refusals[refusal];
  return { status, html: pages.message(page), headers };
}

/** Sends the browser to look at a page of ours. @param path path and query */
export function seeOther(path: string): Answer {
  return { status: 303, headers: { Location: path } };
}

/** A bug on our side. @param reference is in the log too */
export function failed(pages: Pages, reference: string): Answer {
  const paragraphs = [
    'Agent Vault could not show this page. Open the link again to see what became of the request.',
    `Its log says more under ${reference}.`,
  ];
  return { status: 500, html: pages.message({ heading: 'Something went wrong', paragraphs }) };
}
