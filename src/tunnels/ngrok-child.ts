import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type * as Ngrok from '@ngrok/ngrok';
import { isOrder } from './ngrok-messages.ts';
import type { NgrokNews, NgrokOrder } from './ngrok-messages.ts';

type NgrokModule = Pick<typeof Ngrok, 'SessionBuilder'>;

/**
 * The process that runs the ngrok client. It is a process because an attempt that gets no answer holds a lock inside
 * the client for ever, because a session that reconnects cannot be closed, and because the client prints on stdout.
 */
process.once('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined);
process.once('message', (order: unknown) => {
  if (isOrder(order)) void serve(order);
});

async function serve(order: NgrokOrder): Promise<void> {
  const client = await load();
  try {
    const endpoint = new Endpoint(client, order);
    process.once('message', () => void endpoint.close().finally(() => process.exit()));
    await endpoint.open();
  } catch (thrown) {
    await end({ kind: 'refused', text: textOf(thrown) });
  }
}

class Endpoint {
  readonly #order: NgrokOrder;
  readonly #builder: Ngrok.SessionBuilder;
  #session: Ngrok.Session | null = null;
  #listener: Ngrok.Listener | null = null;
  #lost = false;
  #rebinding = false;

  constructor({ SessionBuilder }: NgrokModule, order: NgrokOrder) {
    this.#order = order;
    this.#builder = new SessionBuilder().authtoken(order.token);
    if (order.serverAddress !== undefined) this.#builder.serverAddr(order.serverAddress);
    if (order.authorities !== undefined) this.#builder.rootCas(order.authorities);
    this.#builder.handleDisconnection(() => this.#onLost());
    this.#builder.handleHeartbeat(() => this.#onAlive());
  }

  async open(): Promise<void> {
    this.#session = await this.#builder.connect();
    await this.#bind();
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#session?.close();
  }

  async #bind(): Promise<void> {
    const endpoint = this.#session?.httpEndpoint();
    if (endpoint === undefined) return;
    if (this.#order.domain !== undefined) endpoint.domain(this.#order.domain);
    this.#listener = await endpoint.listenAndForward(`http://127.0.0.1:${this.#order.port}`);
    tell({ kind: 'online', url: this.#listener.url() ?? '' });
  }

  #onLost(): boolean {
    if (this.#listener === null) return true;
    this.#lost = true;
    tell({ kind: 'lost' });
    return true;
  }

  /** The first heartbeat after a loss: connected again. */
  #onAlive(): void {
    if (!this.#lost || this.#rebinding) return;
    this.#rebinding = true;
    void this.#rebind();
  }

  /**
   * The client binds the endpoint again by itself, but does not tell its new address; so it is bound once more. Fails until
   * the client is done with its own part. Whoever started us ends us if this takes too long.
   */
  async #rebind(): Promise<void> {
    while (this.#rebinding) {
      this.#lost = false;
      try {
        await this.#listener?.close();
        this.#listener = null;
        await this.#bind();
        this.#rebinding = this.#lost;
      } catch {
        await setTimeout(200);
      }
    }
  }
}

async function load(): Promise<NgrokModule> {
  try {
    return (await import('@ngrok/ngrok')).default;
  } catch (thrown) {
    return end({ kind: 'missing', text: textOf(thrown) });
  }
}

/** Where nobody listens any more, this process is about to end. */
function tell(news: NgrokNews): void {
  process.send?.(news, () => undefined);
}

/** The last word: ends the process once it is out. */
function end(news: NgrokNews): Promise<never> {
  return new Promise(() => process.send?.(news, () => process.exit()));
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
