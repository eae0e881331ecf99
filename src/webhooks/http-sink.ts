import { deadlineIn, remaining } from '../core/clock.ts';
import type { Event, FormatContext, HttpFormat, Sink, Target, Verdict } from './formats/define.ts';
import { clientCredentials } from './oauth.ts';
import type { Tokens } from './oauth.ts';
import { retryAfterMs } from './retry-after.ts';
import type { Sent } from './send.ts';
import { openSender } from './send.ts';
import type { SigningKey } from './sign.ts';
import { signatureHeaders } from './sign.ts';

export interface HttpSinkOptions {
  readonly format: HttpFormat;
  readonly target: Target;
  readonly context: FormatContext;
  readonly keys: readonly SigningKey[];
}

/** Posts in a format to an endpoint. */
export function httpSink({ format, target, context, keys }: HttpSinkOptions): Sink {
  const { clock } = context;
  const sender = openSender({ ...target, clock });
  const tokens = format.grant === undefined ? null : clientCredentials({ grant: format.grant, sender, clock });
  const url = format.address?.(target.url) ?? target.url;

  const post = async ({ events, items }: Batch, timeoutMs: number): Promise<readonly Verdict[]> => {
    const body = format.body(items);
    const deadline = deadlineIn(clock, timeoutMs);
    const credentials = await credentialsOf(format, { target, tokens, timeoutMs });
    if (typeof credentials === 'string') return sameFor(events, { kind: 'retry', why: credentials });
    const headers = {
      'content-type': format.contentType,
      'user-agent': `agent-vault/${context.version}`,
      ...credentials,
      ...signatureHeaders({ id: messageId(events), at: clock.wall(), body, keys }),
    };
    const { answerBytes = 1024 } = format;
    const sent = await sender.send({ url, headers, body, timeoutMs: remaining(clock, deadline), answerBytes });
    if (sent.kind === 'answered' && sent.status === 401) tokens?.forget();
    return verdictsOf(sent, { format, events, now: clock.wall() });
  };

  return {
    most: format.batch.events,
    async send(events, timeoutMs) {
      const deadline = deadlineIn(clock, timeoutMs);
      let batch = batchOf(events, format);
      for (;;) {
        if (batch.tooLarge || batch.events.length === 0) return sameFor(batch.events, tooLarge);
        const verdicts = await post(batch, remaining(clock, deadline));
        // One bad event must not take the others with it: a message that is refused as a whole is tried with half of them.
        if (batch.events.length === 1 || !verdicts.every(({ kind }) => kind === 'refused')) return verdicts;
        batch = batchOf(events.slice(0, Math.ceil(batch.events.length / 2)), format);
      }
    },
    close: () => sender.close(),
  };
}

interface Batch {
  readonly events: readonly Event[];
  readonly items: readonly string[];
  readonly tooLarge: boolean;
}

const tooLarge: Verdict = { kind: 'refused', why: 'it is larger than one message may be' };

/** As many events as one message holds; the first alone, where it is too large. */
function batchOf(events: readonly Event[], { batch, item }: Pick<HttpFormat, 'batch' | 'item'>): Batch {
  const items: string[] = [];
  let bytes = brackets;
  for (const event of events.slice(0, batch.events)) {
    const next = item(event);
    bytes += Buffer.byteLength(next) + separator;
    if (bytes > batch.bytes) break;
    items.push(next);
  }
  const isTooLarge = items.length === 0 && events.length > 0;
  return { events: events.slice(0, isTooLarge ? 1 : items.length), items, tooLarge: isTooLarge };
}

/** The most that formats put around and between items. Bytes. */
const brackets = 512;
const separator = 1;

/** The same message at the next attempt has the same id; another selection of events is another message. */
function messageId(events: readonly Event[]): string {
  const [first, last] = [events.at(0)?.id ?? '', events.at(-1)?.id ?? ''];
  return first === last ? first : `${first}-${last}`;
}

interface Holder {
  readonly target: Target;
  readonly tokens: Tokens | null;
  readonly timeoutMs: number;
}

/** The headers that prove who sends, or why there are none. */
async function credentialsOf(
  format: HttpFormat,
  { target: { authorization }, tokens, timeoutMs }: Holder,
): Promise<Readonly<Record<string, string>> | string> {
  if (tokens !== null) {
    const token = await tokens.get(timeoutMs);
    return typeof token === 'string' ? token : { authorization: `Bearer ${token.reveal()}` };
  }
  if (authorization === null) return {};
  return format.authorize?.(authorization.reveal()) ?? { authorization: authorization.reveal() };
}

interface Judging {
  readonly format: HttpFormat;
  readonly events: readonly Event[];
  /** Wall clock, milliseconds. */
  readonly now: number;
}

function verdictsOf(sent: Sent, { format, events, now }: Judging): readonly Verdict[] {
  if (sent.kind === 'failed') return sameFor(events, { kind: 'retry', why: sent.why });
  if (sent.status >= 300 && sent.status < 400)
    return sameFor(events, { kind: 'retry', why: `it answered ${sent.status}, and redirects are not followed` });
  const afterMs = sent.retryAfter === null ? null : retryAfterMs(sent.retryAfter, now);
  const judged = format.judge({ ...sent, ...(afterMs !== null && { retryAfterMs: afterMs }) }, events.length);
  if (!isList(judged)) return sameFor(events, judged);
  return judged.length === events.length
    ? judged
    : sameFor(events, { kind: 'retry', why: 'its answer makes no sense' });
}

function sameFor(events: readonly Event[], verdict: Verdict): readonly Verdict[] {
  return events.map(() => verdict);
}

function isList(judged: Verdict | readonly Verdict[]): judged is readonly Verdict[] {
  return Array.isArray(judged);
}
