import { asVaultError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { OpenTunnel } from '../core/ports.ts';
import { openLine } from './ngrok-line.ts';
import type { Line, NgrokSettings } from './ngrok-line.ts';

/** How long the client may reconnect by itself: enough for its second attempt, and its third comes after two minutes. */
const patienceMs = 5000;
const longestPauseMs = 30_000;

/** Rejects with `tunnel_unavailable` within 10 seconds. Once open, it comes back by itself after a drop. */
export async function connectNgrok(settings: NgrokSettings, context: PluginContext): Promise<OpenTunnel> {
  const tunnel = new NgrokTunnel(settings, context);
  await tunnel.open();
  return tunnel;
}

class NgrokTunnel implements OpenTunnel {
  readonly #settings: NgrokSettings;
  readonly #context: PluginContext;
  readonly #closing = new AbortController();
  #line: Line | null = null;
  #origin: string | null = null;
  /** The last origin there was. */
  #known: string | null = null;
  #outage: string | null = null;
  #failures = 0;
  #stopWaiting = (): void => undefined;

  constructor(settings: NgrokSettings, context: PluginContext) {
    this.#settings = settings;
    this.#context = context;
  }

  origin(): string | null {
    return this.#origin;
  }

  outage(): string | null {
    return this.#outage;
  }

  async open(): Promise<void> {
    this.#line = await openLine({
      settings: this.#settings,
      clock: this.#context.clock,
      signal: this.#closing.signal,
      watch: {
        lost: () => this.#down(patienceMs),
        back: (origin) => this.#up(origin),
        ended: () => this.#down(this.#pause()),
      },
    });
    this.#up(this.#line.origin);
  }

  async close(): Promise<void> {
    const line = this.#line?.close();
    this.#closing.abort();
    this.#stopWaiting();
    this.#origin = null;
    await line;
  }

  #up(origin: string): void {
    this.#stopWaiting();
    this.#failures = 0;
    if (this.#known === origin) this.#context.log.warn('the ngrok tunnel is back');
    else if (this.#known !== null)
      this.#context.log.warn(`the ngrok tunnel is back, at another address: ${origin}`, moved);
    this.#known = origin;
    this.#origin = origin;
    this.#outage = null;
  }

  #down(pauseMs: number): void {
    const was = this.#origin;
    this.#origin = null;
    if (was !== null)
      this.#context.log.warn('the ngrok tunnel is down; until it is back, links work on this machine only');
    this.#reopenIn(pauseMs);
  }

  #reopenIn(ms: number): void {
    this.#stopWaiting();
    if (!this.#closing.signal.aborted) this.#stopWaiting = this.#context.clock.after(ms, () => void this.#reopen());
  }

  async #reopen(): Promise<void> {
    try {
      await this.#line?.close();
      await this.open();
    } catch (thrown) {
      if (this.#closing.signal.aborted) return;
      const { message, hint } = asVaultError(thrown, 'tunnel_unavailable', 'the ngrok tunnel cannot be opened');
      this.#outage = message;
      this.#context.log.once(`the ngrok tunnel is still down: ${message}`, hint);
      this.#reopenIn(this.#pause());
    }
  }

  /** Doubles from one second to thirty, less up to a quarter by chance, so that many machines do not come back in step. */
  #pause(): number {
    const [chance = 0] = this.#context.random.bytes(1);
    const longest = Math.min(longestPauseMs, 1000 * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return longest * (1 - chance / 1024);
  }
}

const moved = 'links sent before lead nowhere now; a fixed ngrokDomain prevents that';
