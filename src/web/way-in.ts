import type { Clock, Deadline } from '../core/clock.ts';
import { deadlineIn, remaining } from '../core/clock.ts';
import { asVaultError, VaultError } from '../core/errors.ts';
import type { Log, OpenTunnel, Tunnel } from '../core/ports.ts';

/** The public way to this machine's port, if there is one. */
export interface WayIn {
  /** The tunnel's origin at this moment; null without a tunnel, before it is open, and while it is down. */
  readonly origin: () => string | null;
  /** Why there is no origin at this moment, in a sentence of ours; null if there is one, or nothing to say. */
  readonly outage: () => string | null;
  /**
   * Opens the tunnel unless it is open. Never rejects: returns why the link works on this machine only, or null.
   * A tunnel that is slow goes on connecting for the links that come later.
   * @param most milliseconds this link may wait
   */
  open(port: number, most: number): Promise<string | null>;
  /** Closes the tunnel, also one that is still being opened. */
  close(): Promise<void>;
}

export interface WayInOptions {
  readonly tunnel: Tunnel | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds that links wait for one attempt, all together: ngrok usually needs less than 1,500. */
const patienceMs = 2_500;

export function createWayIn({ tunnel, clock, log }: WayInOptions): WayIn {
  let attempt: Attempt | null = null;
  let opened: OpenTunnel | null = null;
  let closed = false;
  let failure: string | null = null;

  const origin = (): string | null => normalOrigin(opened?.origin() ?? null);

  const connect = async (to: Tunnel, port: number): Promise<Outcome> => {
    try {
      const way = await to.connect(port);
      if (!closed) opened = way;
      failure = null;
      return way;
    } catch (thrown) {
      const error = asVaultError(thrown, 'tunnel_unavailable', 'the tunnel could not be opened');
      failure = error.message;
      return error;
    }
  };

  const begin = (to: Tunnel, port: number): Attempt => {
    const begun = { outcome: connect(to, port), patience: deadlineIn(clock, patienceMs) };
    void begun.outcome.then((end) => {
      if (end instanceof VaultError && attempt === begun) attempt = null;
    });
    return begun;
  };

  /** For links that did not wait long enough to tell. */
  const sayLate = async ({ outcome }: Attempt, port: number): Promise<void> => {
    const end = await outcome;
    const now = origin();
    if (closed) return;
    if (end instanceof VaultError) log.once(`the tunnel is not open: ${end.message}`, end.hint);
    else if (now !== null)
      log.once(`the tunnel is open now: links given before also work with ${now} for http://localhost:${port}`);
  };

  return {
    origin,
    outage: () => {
      const reason = origin() === null ? (failure ?? opened?.outage?.() ?? null) : null;
      return reason === null ? null : `The tunnel is not open: ${reason}.`;
    },
    async open(port, most) {
      if (tunnel === null) {
        log.once('no tunnel is configured: approval links work on this machine only', localOnlyHint);
        return null;
      }
      const current = (attempt ??= begin(tunnel, port));
      const end = await soon(current.outcome, clock, Math.min(most, remaining(clock, current.patience)));
      if (end === null) {
        void sayLate(current, port);
        return localOnly('the tunnel is still connecting');
      }
      if (end instanceof VaultError) return localOnly(end.message);
      return origin() === null ? localOnly('the tunnel is down at the moment') : null;
    },
    async close() {
      closed = true;
      const end = await attempt?.outcome;
      opened = null;
      if (end !== undefined && !(end instanceof VaultError)) await end.close();
    },
  };
}

type Outcome = OpenTunnel | VaultError;

interface Attempt {
  readonly outcome: Promise<Outcome>;
  /** Links that come later do not wait. */
  readonly patience: Deadline;
}

const localOnlyHint =
  'to approve from a phone, set "ngrokAuthToken" in the config, or NGROK_AUTHTOKEN in the environment (free at ngrok.com)';

/** Null if it takes longer; what has settled before is given even where there is no time left. */
async function soon<Result>(work: Promise<Result>, clock: Clock, ms: number): Promise<Result | null> {
  let stop = (): void => undefined;
  const over = new Promise<null>((resolve) => {
    if (ms > 0) stop = clock.after(ms, () => resolve(null));
    else resolve(null);
  });
  const first = await Promise.race([work, over]);
  stop();
  return first;
}

function localOnly(reason: string): string {
  return `this link works on this machine only: ${reason}`;
}

/** As browsers write it in `Origin`. Null for anything that is not the origin of a web page. */
function normalOrigin(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : null;
}
