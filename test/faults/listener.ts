import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Row } from './book.ts';

/** What an endpoint of format `json` is sent about rows, as far as it is looked at here. No two events have one `seq`. */
interface Heard {
  readonly event: string;
  readonly action: string;
  readonly secrets: readonly string[];
  readonly seq: number;
  readonly hash: string;
}

/** An endpoint that takes every event and remembers it, beyond the death of any server. */
export class Listener {
  readonly url: string;
  readonly #heard = new Map<number, Heard>();
  #requests = 0;

  static async open(): Promise<Listener> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        listener.#hear(JSON.parse(Buffer.concat(chunks).toString()) as Heard);
        response.writeHead(204).end();
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const listener = new Listener(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`);
    return listener;
  }

  private constructor(url: string) {
    this.url = url;
  }

  /** Different events, and how often one of them came again. */
  get totals(): { events: number; repeated: number } {
    return { events: this.#heard.size, repeated: this.#requests - this.#heard.size };
  }

  forget(): void {
    this.#heard.clear();
    this.#requests = 0;
  }

  /** Rows with one of these actions that no event has told of. One event tells of all rows that a decision wrote for several names. */
  untold(rows: readonly Row[], actions: readonly string[]): string[] {
    const told = new Set<string>();
    for (const { action, secrets, seq } of this.#heard.values())
      for (let back = 0; back < secrets.length; back += 1)
        for (const name of secrets) told.add(JSON.stringify([seq - back, action, name]));
    return rows
      .filter(({ action }) => actions.includes(String(action)))
      .filter(({ id, action, secret_name: name }) => !told.has(JSON.stringify([id, action, name])))
      .map(({ id, action }) => `row ${String(id)} (${String(action)}) was told to nobody`);
  }

  /** Events that tell of a row which the log does not have. */
  invented(rows: readonly Row[]): string[] {
    const hashes = new Map(rows.map(({ id, hash }) => [id, hash]));
    return [...this.#heard.values()]
      .filter(({ seq, hash }) => hashes.get(seq) !== hash)
      .map(({ seq }) => `an event tells of a row ${seq} that is not in the log`);
  }

  #hear(event: Heard): void {
    if (event.event !== 'secret_access') return;
    this.#requests += 1;
    this.#heard.set(event.seq, event);
  }
}
