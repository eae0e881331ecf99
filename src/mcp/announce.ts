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
  /** Requests with a dialog that is open or was followed; shared by all calls of a connection. */
  readonly dialogs: Set<string>;
  /** Tells the client that the page is done with; never rejects. */
  readonly complete: (requestId: string) => Promise<void>;
  /** Null where the call carried no progress token. */
  readonly progress: ((count: number, message: string) => void) | null;
}

const progressMs = 7_000;
/** A `decline` that comes faster than this is a headless client's reflex, not a person. */
const reflexMs = 1_000;
const waiting = 'waiting for a person to approve or deny';
const behindOthers = 'waiting for a person, who has other requests of this session to answer first';

/**
 * URL elicitation where declared, else a progress message; always one line on stderr.
 * What the client answers never approves anything: `accept` means that the link was delivered.
 * @returns what to call when the wait is over
 */
export function announce(announcement: Announcement, channels: Channels): () => void {
  if (announcement.quiet) return startProgress(channels, behindOthers).stop;
  tellOperator(announcement, channels);
  const dialog = openDialog(announcement, channels);
  // Clients keep progress texts on disk; where a dialog carries the link, they do not need it there.
  const progress = startProgress(channels, channels.elicit === null ? withLink(announcement) : waiting);
  void dialog?.delivered.then((delivered) => {
    if (!delivered) progress.say(withLink(announcement));
  });
  return () => {
    progress.stop();
    dialog?.close();
  };
}

interface Dialog {
  /** Whether the link reached the person this way. */
  readonly delivered: Promise<boolean>;
  readonly close: () => void;
}

/** One dialog for a request, however many calls wait for it, and none again once somebody has followed it. */
function openDialog(announcement: Announcement, { elicit, complete, dialogs }: Channels): Dialog | null {
  const { requestId } = announcement;
  if (elicit === null || dialogs.has(requestId)) return null;
  dialogs.add(requestId);
  const over = new AbortController();
  const started = performance.now();
  const delivered = elicit(announcement, over.signal)
    .catch(() => 'cancel' as const)
    .then((answer) => {
      if (answer === 'decline' && performance.now() - started > reflexMs && !over.signal.aborted)
        announcement.withdraw();
      if (answer !== 'accept') dialogs.delete(requestId);
      return answer === 'accept';
    });
  return { delivered, close: () => void complete(requestId).finally(() => over.abort()) };
}

/** A first message at once, then one every few seconds. `say` changes it, at once too. */
function startProgress({ progress }: Channels, first: string): { say: (message: string) => void; stop: () => void } {
  if (progress === null) return { say: () => undefined, stop: () => undefined };
  let message = first;
  let count = 0;
  const beat = (): void => progress((count += 1), message);
  beat();
  const timer = setInterval(beat, progressMs).unref();
  const say = (other: string): void => {
    message = other;
    beat();
  };
  return { say, stop: () => clearInterval(timer) };
}

function tellOperator(announcement: Announcement, { log, agent }: Channels): void {
  const { first, note, summary, url, expiresAt } = announcement;
  if (note !== undefined) log.once(note);
  if (!first) return;
  log.say(`${agent} asks to ${summary}; approve or deny until ${isoTime(expiresAt)}${typed(announcement)}: ${url}`);
}

function withLink(announcement: Announcement): string {
  return `approve or deny${typed(announcement)}: ${announcement.url}`;
}

/** The digits go where the link goes: they show which request it is, not who answers it. */
export function typed({ code }: Pick<Announcement, 'code'>): string {
  return code === null ? '' : ` (to approve, type ${code})`;
}
