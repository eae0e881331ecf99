import type { Random } from '../core/ports.ts';
import { cookieAttributes, cookieName, cookieValues } from './cookies.ts';
import { createMac, sameMac } from './mac.ts';
import type { Place } from './place.ts';

/** A browser that stands before the home page and has proved nothing yet. */
export interface Stranger {
  /** Names this browser's attempts to sign in. */
  readonly attempt: string;
  /** Goes into the form. */
  readonly csrf: string;
}

export interface Strangers {
  /** Null if the browser did not bring the cookie that it was given here. */
  recognise(cookies: string | undefined, place: Place): Stranger | null;
  /** Makes a stranger, and the Set-Cookie header by which it is recognised. */
  greet(place: Place): { readonly stranger: Stranger; readonly cookie: string };
}

const cookieSeconds = 3_600;

/** Nothing is stored: the cookie proves itself. It is another than that of a sign-in, which a link from elsewhere must not end. */
export function createStrangers(random: Random): Strangers {
  const cookieMac = createMac('agent-vault/stranger/v1', random.bytes(32));
  const csrfMac = createMac('agent-vault/stranger-csrf/v1', random.bytes(32));
  const stranger = (attempt: string): Stranger => ({ attempt, csrf: csrfMac(attempt) });
  return {
    recognise(cookies, place) {
      for (const value of cookieValues(cookies, nameAt(place))) {
        const [attempt = '', mac = ''] = value.split('.', 2);
        if (sameMac(mac, cookieMac(attempt))) return stranger(attempt);
      }
      return null;
    },
    greet(place) {
      const attempt = Buffer.from(random.bytes(16)).toString('base64url');
      const attributes = cookieAttributes(place, '/', cookieSeconds);
      const cookie = `${nameAt(place)}=${attempt}.${cookieMac(attempt)}; ${attributes}`;
      return { stranger: stranger(attempt), cookie };
    },
  };
}

function nameAt(place: Place): string {
  return cookieName(place.secure ? 'door' : `door-${new URL(place.origin).port}`, place);
}
