import type { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Secret } from '../../core/secret.ts';
import type { WebhookEvent } from '../events.ts';
import type { Resolve } from '../send.ts';

/** What was done about secrets, or about what decides of them: then texts are empty where it is about no secret, vault or session. */
export interface SecretEvent extends WebhookEvent {
  /** "evt_0000000042": the same at every attempt, so that a receiver can tell a repetition. Without a dot. */
  readonly id: string;
  /** The audit row's hash; of several rows, the last one's. */
  readonly hash: string;
  readonly factor: string | null;
}

/** The head of the audit log, signed. Kept elsewhere, it shows truncation and rewriting. */
export interface CheckpointEvent {
  readonly event: 'checkpoint';
  readonly id: string;
  readonly timestamp: string;
  /** How many rows it covers. */
  readonly seq: number;
  /** The hash of the last of them. */
  readonly hash: string;
  /** The whole C2SP signed note, with its line feeds. */
  readonly note: string;
}

/** Sent by a person who wants to see that an endpoint works. */
export interface TestEvent {
  readonly event: 'test';
  readonly id: string;
  readonly timestamp: string;
}

export type Event = SecretEvent | CheckpointEvent | TestEvent;

/** What became of one event. `why` is in our own words: no credential, nothing that the target said. */
export type Verdict =
  | { readonly kind: 'delivered' }
  /** Later; `afterMs` where the target said how much later. */
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs?: number }
  /** This event will never be taken. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The target wants nothing more from us. */
  | { readonly kind: 'disable'; readonly why: string };

/** Delivers to one endpoint. */
export interface Sink {
  /** The most events that one message holds. */
  readonly most: number;
  /**
   * Sends one message with as many events as it can hold, from the first on, and gives one verdict for each that was in it: at least one,
   * unless there were no events. The others were not tried. Never rejects. One call at a time.
   */
  send(events: readonly Event[], timeoutMs: number): Promise<readonly Verdict[]>;
  /** Gives connections back. */
  close(): void;
}

/** The beginning of an HTTP answer. */
export interface Answer {
  readonly status: number;
  /** At most `answerBytes` of it. Hostile. */
  readonly body: string;
  /** What `Retry-After` said, at most a day. */
  readonly retryAfterMs?: number;
}

/** An OAuth 2.0 client credentials grant (RFC 6749, 4.4) that yields a bearer token. */
export interface Grant {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope: string;
}

/** How a target is spoken to over HTTP. Without I/O. */
export interface HttpFormat {
  readonly contentType: string;
  /** The most that one message holds. Bytes are those of the body. */
  readonly batch: { readonly events: number; readonly bytes: number };
  /** How much of the answer `judge` needs. Default 1024. */
  readonly answerBytes?: number;
  /** Where to post, from the address in the config. Default: there. */
  address?(url: URL): URL;
  /** The headers that carry what `authorization` in the config holds. Default: the whole Authorization header. */
  authorize?(authorization: string): Readonly<Record<string, string>>;
  /** Where a bearer token comes from, if it is not in the config. */
  readonly grant?: Grant;
  /** One event as it stands in the body. */
  item(event: Event): string;
  /** The body of a message. There is at least one item. */
  body(items: readonly string[]): string;
  /** One verdict for all, or one for each of `count` events. */
  judge(answer: Answer, count: number): Verdict | readonly Verdict[];
}

/** What a format may say about where events come from. */
export interface FormatContext {
  readonly clock: Clock;
  /** This machine's name. */
  readonly host: string;
  /** Of Agent Vault. */
  readonly version: string;
}

/** Where a sink of its own delivers to. */
export interface Target {
  readonly url: URL;
  readonly authorization: Secret | null;
  readonly allowPrivate: boolean;
  /** PEM text of the authorities to trust instead of the usual ones. */
  readonly ca: string | null;
  /** How hosts are looked up; for tests. */
  readonly resolve?: Resolve;
}

interface Plugin<Options extends z.ZodObject> {
  /** The value of `format` in the config. */
  readonly type: string;
  /** For the config reference. */
  readonly about: string;
  /** The keys that it adds to the webhook. */
  readonly options: Options;
  /** What is missing beside the options, as it follows the webhook's place: "needs …"; null if nothing is. */
  lacks?(options: z.infer<Options>, webhook: { readonly authorization: boolean }): string | null;
}

/** A format for HTTP. */
export interface HttpFormatPlugin<Options extends z.ZodObject = z.ZodObject> extends Plugin<Options> {
  format(options: z.infer<Options>, context: FormatContext): HttpFormat;
}

/** A format that comes with a transport of its own. */
export interface SinkPlugin<Options extends z.ZodObject = z.ZodObject> extends Plugin<Options> {
  /** Of the addresses that it takes: "syslog+tls:". */
  readonly schemes: readonly string[];
  /** Contacts nothing yet. May reject with a VaultError that says what to install. */
  sink(options: z.infer<Options>, target: Target, context: FormatContext): Promise<Sink>;
}

export type FormatPlugin = HttpFormatPlugin | SinkPlugin;

export function defineFormat<Options extends z.ZodObject>(
  plugin: HttpFormatPlugin<Options>,
): HttpFormatPlugin<Options> {
  return plugin;
}

export function defineSink<Options extends z.ZodObject>(plugin: SinkPlugin<Options>): SinkPlugin<Options> {
  return plugin;
}
