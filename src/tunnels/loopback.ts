import { isIPv4 } from 'node:net';

/** Whether a `host:port` is on this machine. IPv6 is not: the ngrok client cannot dial it. */
export function isLoopback(address: string): boolean {
  const [host = '', port = '', ...more] = address.split(':');
  if (more.length > 0 || !/^[1-9][0-9]{0,4}$/u.test(port) || Number(port) > 65_535) return false;
  return host === 'localhost' || (isIPv4(host) && host.startsWith('127.'));
}
