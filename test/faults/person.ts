import { setTimeout as sleep } from 'node:timers/promises';
import { tap } from '../support/vault.ts';
import type { Book } from './book.ts';
import type { Chance } from './chance.ts';

/** With this the page says that the decision could not be written down, and to try again. */
const unrecorded = 503;

/** Somebody who opens each link that they see and decides one way or the other. */
export class Person {
  readonly #book: Book;
  readonly #chance: Chance;
  readonly #denialsOneIn: number;
  readonly #seen = new Set<string>();

  constructor(book: Book, chance: Chance, denialsOneIn = 6) {
    this.#book = book;
    this.#chance = chance;
    this.#denialsOneIn = denialsOneIn;
  }

  /** @param text what a server has said on stderr so far */
  look(text: string): void {
    for (const [url] of text.matchAll(/https?:\/\/\S+\/approve\/\S+(?=\s)/gu)) {
      if (this.#seen.has(url)) continue;
      this.#seen.add(url);
      void this.#decide(url).catch(() => undefined);
    }
  }

  /** Rejects where the server is gone meanwhile: then nothing is known of the decision. */
  async #decide(url: string): Promise<void> {
    const approve = !this.#chance.once(this.#denialsOneIn);
    let status = unrecorded;
    for (let tries = 0; status === unrecorded && tries < 5; tries += 1) {
      if (tries > 0) await sleep(50);
      status = await tap(url, approve ? 'approve' : 'deny', (fields) => this.#choose(fields, approve));
    }
    const request = /\/approve\/([^?]+)/u.exec(url)?.[1] ?? '';
    if (status === 303) this.#book.decided(request, approve ? 'approved' : 'denied');
  }

  #choose(fields: URLSearchParams, approve: boolean): void {
    if (approve && fields.has('window') && this.#chance.once(2)) fields.set('window', '0');
    if (!approve) fields.set('note', 'not now');
  }
}
