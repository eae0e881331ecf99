import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Call, Dialect, Heard, Offer } from './dialect.ts';

/** Decides from what was heard so far, oldest first; null ends the conversation. */
export type Mind = (heard: readonly Heard[]) => Call | null;

/** Stands in for a model vendor's API on loopback: does what the mind says, and keeps every request. */
export class ScriptedModel {
  readonly #server: Server;
  readonly #dialect: Dialect;
  readonly #mind: Mind;
  /** The bodies of all requests for words, oldest first. */
  readonly requests: unknown[] = [];
  /** Those of all requests whatsoever, as they came. */
  readonly bodies: string[] = [];

  private constructor(dialect: Dialect, mind: Mind) {
    this.#dialect = dialect;
    this.#mind = mind;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async open(dialect: Dialect, mind: Mind): Promise<ScriptedModel> {
    const model = new ScriptedModel(dialect, mind);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Our tools, as the conversation's latest request has them. */
  offers(): Offer[] {
    return (
      this.#turns()
        .map((turn) => this.#dialect.offers(turn))
        .at(-1) ?? []
    );
  }

  /** What the conversation's latest request says of tool calls, oldest first. */
  heard(): Heard[] {
    return (
      this.#turns()
        .map((turn) => this.#dialect.heard(turn))
        .at(-1) ?? []
    );
  }

  #turns(): unknown[] {
    return this.requests.filter((request) => this.#dialect.isTurn(request));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.bodies.push(body);
    if (!this.#dialect.path.test(request.url ?? '')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const asked: unknown = JSON.parse(body);
    this.requests.push(asked);
    const call = this.#dialect.isTurn(asked) ? this.#mind(this.#dialect.heard(asked)) : null;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(this.#dialect.reply(call, asked));
  }
}
