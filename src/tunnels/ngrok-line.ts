import type { Clock } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import { ngrokEnded, ngrokError, ngrokMissing, ngrokSilent } from './ngrok-errors.ts';
import type { NgrokNews, NgrokOrder } from './ngrok-messages.ts';
import { startNgrok } from './ngrok-process.ts';

export interface NgrokSettings extends Omit<NgrokOrder, 'token'> {
  readonly token: Secret;
}

/** What happens to a line after it was opened; nothing once it was closed. */
export interface Watch {
  /** The connection is gone; the client tries to get it back. */
  lost(): void;
  /** It is back, perhaps under another origin. */
  back(origin: string): void;
  /** The client has given up. */
  ended(error: VaultError): void;
}

export interface Line {
  readonly origin: string;
  /** Takes the endpoint offline; within a second. */
  close(): Promise<void>;
}

interface LineOptions {
  readonly settings: NgrokSettings;
  readonly clock: Clock;
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
  readonly watch: Watch;
}

const openMs = 10_000;
const closeMs = 800;

/** Starts a client. Rejects with `tunnel_unavailable` within 10 seconds, and then nothing of it is left. */
export function openLine({ settings, clock, signal, watch }: LineOptions): Promise<Line> {
  return new Promise((resolve, reject) => {
    let opened = false;
    let over = false;
    const fail = (error: VaultError): void => {
      if (over) return;
      over = true;
      stop();
      client.kill();
      if (opened) watch.ended(error);
      else reject(error);
    };
    const close = async (): Promise<void> => {
      over = true;
      const stopKilling = clock.after(closeMs, () => client.kill());
      await client.close();
      stopKilling();
    };
    const hear = (news: NgrokNews): void => {
      if (over) return;
      if (news.kind === 'lost') return watch.lost();
      if (news.kind === 'missing') return fail(ngrokMissing(news.text));
      if (news.kind === 'refused') return fail(ngrokError(news.text, settings.token));
      const origin = httpsOrigin(news.url);
      if (origin === null) return fail(new VaultError('tunnel_unavailable', 'ngrok gave an address that is not https'));
      stop();
      if (opened) return watch.back(origin);
      opened = true;
      resolve({ origin, close });
    };
    const stop = clock.after(openMs, () => fail(ngrokSilent(openMs / 1000)));
    signal.addEventListener('abort', () => fail(new VaultError('closing', 'the tunnel is being closed')), {
      once: true,
    });
    const order = { ...settings, token: settings.token.reveal() };
    const client = startNgrok(order, { news: hear, ended: () => fail(ngrokEnded()) });
  });
}

/** People answer requests on this page: anything but plain https is refused. */
function httpsOrigin(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed?.protocol === 'https:' ? parsed.origin : null;
}
