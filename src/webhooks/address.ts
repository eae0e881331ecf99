import { BlockList, isIP } from 'node:net';
import { VaultError } from '../core/errors.ts';

/** Where an address leads: `never` is what no endpoint has, such as a cloud's metadata service. */
export type Reach = 'public' | 'private' | 'loopback' | 'never';

/** Nothing that is not known to be public counts as public. Scoped addresses ("fe80::1%eth0") and IPv4 in disguise never do. */
export function reachOf(address: string): Reach {
  const family = isIP(address);
  if (family === 0) return 'never';
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (never.check(address, kind)) return 'never';
  if (loopback.check(address, kind)) return 'loopback';
  if (local.check(address, kind)) return 'private';
  return family === 4 || global.check(address, kind) ? 'public' : 'never';
}

/** Whether a URL's host says itself that it is this machine. */
export function isLoopbackHost(host: string): boolean {
  const bare = bareHost(host);
  return bare === 'localhost' || bare.endsWith('.localhost') || reachOf(bare) === 'loopback';
}

/** A URL's host without the brackets of IPv6. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/u, '$1').toLowerCase();
}

/** Why this address may not be connected to for this host; null if it may. Loopback counts only where the host says so, or where private is allowed. */
export function refusal(host: string, address: string, allowPrivate: boolean): string | null {
  const reach = reachOf(address);
  if (reach === 'never') return 'its address belongs to no server';
  if (isLoopbackHost(host)) return reach === 'loopback' ? null : 'its name says this machine, its address does not';
  if (reach === 'public' || allowPrivate) return null;
  return 'its address is private, which takes allowPrivate';
}

/** Why this URL may not be posted to, as far as it says itself; null if it may. A host that is an address is never looked up. */
export function addressProblem(url: URL, allowPrivate: boolean): string | null {
  const host = bareHost(url.hostname);
  if (url.username !== '' || url.password !== '') return 'a user name or password stands in its address';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(host)))
    return 'only https is used, except on this machine';
  return isIP(host) === 0 ? null : refusal(host, host, allowPrivate);
}

/** Thrown where an address is refused, so that it is told from failures of the network. The message is in our own words. */
export function refusedAddress(why: string): VaultError {
  return new VaultError('config_invalid', why);
}

// The special-purpose registries of IANA (RFC 6890 and its updates). Node judges IPv4-mapped IPv6 by the IPv4 rules.
const loopback = blockList(['127.0.0.0/8'], ['::1/128']);
const local = blockList(
  ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15'],
  ['fc00::/7', '64:ff9b:1::/48'],
);
const never = blockList(
  [
    '0.0.0.0/8',
    '169.254.0.0/16',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  // Mostly IPv4 in disguise: NAT64 to this machine, 6to4, Teredo.
  ['64:ff9b::7f00:0/104', '2002::/16', '2001::/23', '2001:db8::/32', '3fff::/20', 'fe80::/10'],
);
/** Global unicast, and NAT64, which is as public as the IPv4 address in it. */
const global = blockList([], ['2000::/3', '64:ff9b::/96']);

/** Each IPv4 network stands for its NAT64 form (RFC 6052) too. */
function blockList(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of ipv4) {
    const { address, prefix } = parts(network);
    list.addSubnet(address, prefix, 'ipv4');
    if (!address.startsWith('127.')) list.addSubnet(`64:ff9b::${address}`, prefix + 96, 'ipv6');
  }
  for (const network of ipv6) {
    const { address, prefix } = parts(network);
    list.addSubnet(address, prefix, 'ipv6');
  }
  return list;
}

function parts(network: string): { address: string; prefix: number } {
  const [address = '', prefix = ''] = network.split('/');
  return { address, prefix: Number(prefix) };
}
