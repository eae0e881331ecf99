import type { Place } from './place.ts';

/** What a browser may know a cookie by. `__Host-` demands Secure and the path `/`; WebKit drops both, even for localhost, on http. */
export function cookieName(name: string, place: Place): string {
  return place.secure ? `__Host-av-${name}` : `av-${name}`;
}

/** @param path where it is sent to on http; on https it is sent everywhere, which `__Host-` asks for */
export function cookieAttributes(place: Place, path: string, seconds: number): string {
  const where = place.secure ? 'Path=/; Secure' : `Path=${path}`;
  return `${where}; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;
}

/** A name can come more than once: a page on another port may have set it as well. */
export function cookieValues(cookies = '', name: string): string[] {
  return cookies
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
