import type { Announcement, Log } from '../core/ports.ts';
import { isoTime } from '../core/clock.ts';

/** The ways to the person that one call has. All of them go past the model. */
export interface Channels {
  readonly log: Log;
  /** Who asks: the client's own word, made visible. */
  readonly agent: string;
  /** Null where the client did not declare URL elicitation. */
  readonly elicit:
    ((announcement: Announcement, signal: AbortSignal) => Promise<'accept' | 'decline' | 'cancel'>) | null;
  /** Tells the client that the page is done with; never rejects. */
  readonly complete: (requestId: string) => Promise<void>;
  /** Null where the call carried no progress token. */
  readonly progress: ((count: number, message: string) => void) | null;
}

const progressMs = 7_000;
/** A `decline` that comes faster than this is a headless client's reflex, not a person. */
const reflexMs = 1_000;
const waiting = 'waiting for a person to approve or deny';

/**
 * URL elicitation where declared, else a progress message; always one line on stderr.
 * What the client answers never approves anything: `accept` means that the link was delivered.
 * @returns what to call when the wait is over
 */
export function announce(announcement: Announcement, channels: Channels): () => void {
  tellOperator(announcement, channels);
  const over = new AbortController();
  // Clients keep progress texts on disk; where a dialog carries the link, they do not need it there.
  let message = channels.elicit === null ? withLink(announcement) : waiting;
  const stopProgress = startProgress(channels, () => message);
  if (channels.elicit !== null) {
    void elicit(announcement, channels, over.signal).then((delivered) => {
      if (!delivered) message = withLink(announcement);
    });
  }
  return () => {
    stopProgress();
    if (channels.elicit !== null) void channels.complete(announcement.requestId).finally(() => over.abort());
  };
}

/** Whether the link reached the person this way. */
async function elicit(announcement: Announcement, channels: Channels, signal: AbortSignal): Promise<boolean> {
  const started = performance.now();
  const answer = await channels.elicit?.(announcement, signal).catch(() => 'cancel' as const);
  if (answer === 'decline' && performance.now() - started > reflexMs && !signal.aborted) announcement.withdraw();
  return answer === 'accept';
}

function startProgress({ progress }: Channels, message: () => string): () => void {
  if (progress === null) return () => undefined;
  let count = 0;
  const beat = (): void => progress((count += 1), message());
  beat();
  const timer = setInterval(beat, progressMs).unref();
  return () => clearInterval(timer);
}

function tellOperator({ first, note, summary, url, expiresAt }: Announcement, { log, agent }: Channels): void {
  if (note !== undefined) log.once(note);
  if (first) log.say(`${agent} asks to ${summary}; approve or deny until ${isoTime(expiresAt)}: ${url}`);
}

function withLink({ url }: Announcement): string {
  return `approve or deny: ${url}`;
}
