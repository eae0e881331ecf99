/** What the scripted model wants to call. */
export interface Call {
  readonly tool: string;
  readonly args: Readonly<Record<string, string>>;
}

/** A tool of our server, as a model sees it. */
export interface Offer {
  /** The name that our server gave it. */
  readonly name: string;
  /** What the client made of that. */
  readonly called: string;
  readonly description: string;
}

/** What a model hears back from a tool call. */
export interface Heard {
  /** As the client words it. */
  readonly raw: string;
  /** Null where the client does not tell its model. */
  readonly isError: boolean | null;
}

/** The API of a model vendor, as far as a client that lists and calls tools needs it. */
export interface Dialect {
  /** Matches the path of the requests for the model's next words; whatever else is asked gets an empty object. */
  readonly path: RegExp;
  /** False for what a client asks a model beside the conversation, such as a title for it. */
  isTurn(request: unknown): boolean;
  /** Those of our server only. */
  offers(request: unknown): Offer[];
  /** Oldest first. */
  heard(request: unknown): Heard[];
  /** The stream of events with which the model calls a tool, or, for null, says that it is done. */
  reply(call: Call | null, request: unknown): string;
}

/** The name under which the README has people add our server to their client. */
export const serverName = 'agent-vault';

/** What the model says when it calls nothing more. */
export const lastWords = 'Done.';

/** Server-sent events, each named by its type, where the API has types. */
export function events(list: readonly { readonly type?: string; readonly [key: string]: unknown }[]): string {
  return list
    .map((data) => `${data.type === undefined ? '' : `event: ${data.type}\n`}data: ${JSON.stringify(data)}\n\n`)
    .join('');
}

/** Every string within a JSON value, keys left out. */
export function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}
