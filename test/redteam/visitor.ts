import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Fields = Readonly<Record<string, string | readonly string[]>>;
type Headers = Readonly<Record<string, string>>;

/** A link is a locator: its host can be swapped. */
export function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

/** Speaks HTTP to the approval pages as a browser at one origin does, or as whoever says to be one. */
export class Visitor {
  readonly #port: number;
  readonly #headers: Headers;
  readonly origin: string;
  readonly cookies = new Map<string, string>();
  /** How often each decision is sent at once. */
  copies = 1;
  /** Where decisions go instead of where they should; a passkey’s challenge is still asked for where it belongs. */
  divert: string | null = null;
  #last: readonly [path: string, body: string, headers: Headers] = ['/', '', {}];

  /** @param headers go with every request, over what a browser would send */
  constructor(port: number, origin = `http://localhost:${port}`, headers: Headers = {}) {
    this.#port = port;
    this.origin = origin;
    this.#headers = headers;
  }

  get(path: string, headers: Headers = {}): Promise<Reply> {
    return this.send('GET', path, '', headers);
  }

  async post(path: string, fields: Fields, headers: Headers = {}): Promise<Reply> {
    const type = 'application/x-www-form-urlencoded';
    const isDecision = !path.includes('/challenge');
    const to = isDecision ? (this.divert ?? path) : path;
    this.#last = [to, encoded(fields), { 'content-type': type, origin: this.origin, ...headers }];
    const copies = Array.from({ length: isDecision ? this.copies : 1 }, () => this.again());
    const [reply] = await Promise.all(copies);
    if (reply === undefined) throw new Error('nothing was sent');
    return reply;
  }

  /** Sends the last form once more, as it was. */
  again(headers: Headers = {}): Promise<Reply> {
    const [path, body, own] = this.#last;
    return this.send('POST', path, body, { ...own, ...headers });
  }

  /** Fetches a page and posts its form as it stands, but for `changes`. */
  async submit(path: string, changes: Fields, to = path): Promise<Reply> {
    const form = changes['decision'] === 'deny' ? 'deny' : 'approve';
    return this.post(to, { ...formOf((await this.get(path)).body, form), ...changes });
  }

  send(method: string, path: string, body: string, headers: Headers = {}): Promise<Reply> {
    const { host } = new URL(this.origin);
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const all = { host, ...(cookie === '' ? {} : { cookie }), ...headers, ...this.#headers };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, method, path, agent: false, headers: all };
      const asked = request(
        { ...options, headers: { ...all, 'content-length': Buffer.byteLength(body) } },
        (answer) => {
          for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
          });
        },
      );
      asked.on('error', reject).end(body);
    });
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';', 1);
    const at = pair.indexOf('=');
    this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

/** What a browser would send of one of the page's two forms if nobody changed anything. */
export function formOf(html: string, id: 'approve' | 'deny' = 'approve'): Record<string, string | string[]> {
  const within = new RegExp(`<form id="${id}"[^]*?</form>`, 'u').exec(html)?.[0] ?? '';
  const outside = html.replaceAll(/<form[^]*?<\/form>/gu, '');
  const belongs = (tag: string): boolean => within.includes(tag) || attributeOf(tag, 'form') === id;
  const tags = (within + outside).match(/<(?:input|textarea)\b[^>]*>/gu) ?? [];
  const fields: Record<string, string | string[]> = {};
  for (const tag of tags.filter(belongs)) {
    const [name, type, value] = ['name', 'type', 'value'].map((attribute) => attributeOf(tag, attribute));
    const isTicked = !['radio', 'checkbox'].includes(type ?? '') || /\schecked\b/u.test(tag);
    if (name === undefined || !isTicked) continue;
    const before = fields[name];
    const text = value ?? (type === 'checkbox' ? 'on' : '');
    fields[name] = before === undefined ? text : [...[before].flat(), text];
  }
  return fields;
}

function attributeOf(tag: string, name: string): string | undefined {
  return new RegExp(`\\s${name}="([^"]*)"`, 'u').exec(tag)?.[1]?.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

function encoded(fields: Fields): string {
  const pairs = Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  return new URLSearchParams(pairs).toString();
}
