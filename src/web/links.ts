import type { Random } from '../core/ports.ts';
import type { RequestId } from '../core/request.ts';
import { createMac, sameMac } from './mac.ts';

/** A link that we made. Whether its request still waits is another question. */
export interface OpenedLink {
  readonly id: RequestId;
  /** Wall clock, milliseconds. */
  readonly expiresAt: number;
  /** As in the address bar. */
  readonly path: string;
}

export interface Links {
  /** The path and query of a request's page. @param expiresAt wall clock, milliseconds; rounded up to a second */
  path(id: RequestId, expiresAt: number): string;
  /** The link behind a raw request target; null if we did not make exactly this one. */
  read(target: string): OpenedLink | null;
}

/** One spelling only: another order, an encoded character, a second or an unknown parameter is another link. */
const spelling = /^\/approve\/([\w-]{1,64})\?exp=(\d{1,12})&sig=([\w-]{43})$/;

/** Links signed with a key that lives as long as this object. The host is not covered: localhost and the tunnel show the same page. */
export function createLinks(random: Random): Links {
  const mac = createMac('agent-vault/link/v1', random.bytes(32));
  return {
    path(id, expiresAt) {
      const exp = String(Math.ceil(expiresAt / 1000));
      return `/approve/${id}?exp=${exp}&sig=${mac(id, exp)}`;
    },
    read(target) {
      const [path = '', id = '', exp = '', sig = ''] = spelling.exec(target) ?? [];
      const isOurs = (name: string): name is RequestId => sameMac(sig, mac(name, exp));
      return isOurs(id) ? { id, expiresAt: Number(exp) * 1000, path } : null;
    },
  };
}
