import type { Random } from '../core/ports.ts';
import type { RequestId } from '../core/request.ts';
import { cookieAttributes, cookieName, cookieValues } from './cookies.ts';
import { createMac, sameMac } from './mac.ts';
import type { Place } from './place.ts';

/** A browser that opened a valid link: it may decide, and see what became of the request. */
export interface Visitor {
  /** Goes into the form. Bound to the request and to this browser's cookie. */
  readonly csrf: string;
}

export interface Visitors {
  /** Null if the browser did not bring the cookie that it was given for this request. */
  recognise(cookies: string | undefined, id: RequestId, place: Place): Visitor | null;
  /** Makes a visitor, and the Set-Cookie header by which it is recognised. */
  welcome(id: RequestId, place: Place): { readonly visitor: Visitor; readonly cookie: string };
}

/** As long as the desk may remember a request. Not longer, because on https all of these cookies come with every request. */
const cookieSeconds = 1_500;

/** Nothing is stored: the cookie proves itself. It is named per request, because every port of localhost shares one set of cookies. */
export function createVisitors(random: Random): Visitors {
  const cookieMac = createMac('agent-vault/cookie/v1', random.bytes(32));
  const csrfMac = createMac('agent-vault/csrf/v1', random.bytes(32));
  const visitor = (id: RequestId, nonce: string): Visitor => ({ csrf: csrfMac(id, nonce) });
  return {
    recognise(cookies, id, place) {
      for (const value of cookieValues(cookies, cookieName(id, place))) {
        const [nonce = '', mac = ''] = value.split('.', 2);
        if (sameMac(mac, cookieMac(id, nonce))) return visitor(id, nonce);
      }
      return null;
    },
    welcome(id, place) {
      const nonce = Buffer.from(random.bytes(16)).toString('base64url');
      const attributes = cookieAttributes(place, `/approve/${id}`, cookieSeconds);
      const cookie = `${cookieName(id, place)}=${nonce}.${cookieMac(id, nonce)}; ${attributes}`;
      return { visitor: visitor(id, nonce), cookie };
    },
  };
}
