import type { HomeStand } from '../support/home.ts';
import type { Reply, Sent } from './support.ts';
import { send } from './support.ts';

/** A browser as far as these pages need one: it keeps cookies, and sends forms as the page has them. */
export class HomeVisit {
  readonly cookies = new Map<string, string>();
  readonly #stand: HomeStand;
  readonly #origin: string;
  csrf = '';

  constructor(stand: HomeStand, origin: string = stand.url.origin) {
    this.#stand = stand;
    this.#origin = origin;
  }

  get(path: string, sent: Sent = {}): Promise<Reply> {
    return this.#send(path, sent);
  }

  post(path: string, fields: Record<string, string> = {}, sent: Sent = {}): Promise<Reply> {
    const body = new URLSearchParams({ csrf: this.csrf, ...fields }).toString();
    const headers = {
      Origin: this.#origin,
      'Sec-Fetch-Site': 'same-origin',
      'Content-Type': 'application/x-www-form-urlencoded',
      ...sent.headers,
    };
    return this.#send(path, { method: 'POST', body, ...sent, headers });
  }

  /** Comes to the page and proves to be the approver. */
  async signIn(code = this.#stand.code()): Promise<Reply> {
    await this.get('/');
    const reply = await this.post('/sign-in', { totp: code });
    await this.get('/');
    return reply;
  }

  async #send(path: string, sent: Sent): Promise<Reply> {
    const headers = { Host: new URL(this.#origin).host, Cookie: this.cookie(), ...sent.headers };
    const reply = await send(new URL(path, this.#stand.url), { ...sent, headers });
    for (const set of [reply.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      this.cookies.set(name, value);
    }
    this.csrf = /name="csrf" value="([^"]+)"/.exec(reply.body)?.[1] ?? this.csrf;
    return reply;
  }

  cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}
