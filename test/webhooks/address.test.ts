import { describe, expect, it } from 'vitest';
import { addressProblem, isLoopbackHost, reachOf, refusal } from '../../src/webhooks/address.ts';

const reaches = {
  public: ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '64:ff9b::8.8.8.8'],
  private: [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '198.18.0.1',
    'fd00::1',
    'fc00::1',
  ],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  never: [
    ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '192.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
    ...['239.255.255.255', '240.0.0.1', '255.255.255.255', '::', 'fe80::1', 'fe80::1%eth0', 'ff02::1', 'fec0::1'],
    ...['2001:db8::1', '2002:7f00:1::', '2001:0:4136:e378::', '3fff::1', '100::1', '4000::1'],
    ...['64:ff9b::127.0.0.1', '64:ff9b::169.254.169.254', '::ffff:169.254.169.254', '::ffff:8.8.8.8', '::127.0.0.1'],
    ...['', 'localhost', '127.1', '0177.0.0.1', '0x7f000001', '2130706433', '127.0.0.1 ', '[::1]'],
  ],
} as const;

describe('an address', () => {
  it.each(Object.entries(reaches))('is known to be %s', (reach, addresses) => {
    expect(addresses.map((address) => [address, reachOf(address)])).toEqual(addresses.map((each) => [each, reach]));
  });

  it('stays private inside IPv6 that carries IPv4', () => {
    expect(['::ffff:10.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b::192.168.0.1', '64:ff9b:1::1'].map(reachOf)).toEqual(
      Array.from({ length: 4 }, () => 'private'),
    );
  });

  it('may be connected to if it is public, or private and that is allowed', () => {
    expect(refusal('logs.example.com', '8.8.8.8', false)).toBeNull();
    for (const address of ['10.0.0.1', '127.0.0.1', '::1', 'fd00::1']) {
      expect(refusal('logs.example.com', address, false)).toBe('its address is private, which takes allowPrivate');
      expect(refusal('logs.example.com', address, true)).toBeNull();
    }
  });

  it('of a metadata service, of nobody or of many is refused even where private ones are allowed', () => {
    for (const address of ['169.254.169.254', '0.0.0.0', 'fe80::1', '224.0.0.1', '64:ff9b::a9fe:a9fe'])
      expect(refusal('logs.example.com', address, true)).toBe('its address belongs to no server');
  });

  it('must be of this machine where the name says so', () => {
    for (const host of ['localhost', 'a.localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      expect(isLoopbackHost(host)).toBe(true);
      expect(refusal(host, '127.0.0.1', false)).toBeNull();
      expect(refusal(host, '8.8.8.8', true)).toBe('its name says this machine, its address does not');
    }
    for (const host of ['localhost.example.com', 'notlocalhost', '10.0.0.1', ''])
      expect(isLoopbackHost(host)).toBe(false);
  });
});

describe('a URL', () => {
  it.each([
    ['https://logs.example.com/in', null],
    ['https://8.8.8.8/in', null],
    ['http://localhost:8080/', null],
    ['http://127.1:8080/', null],
    ['http://0x7f000001/', null],
    ['http://[::1]:8080/', null],
    ['http://logs.example.com/in', 'only https is used, except on this machine'],
    ['http://10.0.0.1/', 'only https is used, except on this machine'],
    ['ftp://localhost/', 'only https is used, except on this machine'],
    ['https://user@logs.example.com/', 'a user name or password stands in its address'],
    ['https://:word@logs.example.com/', 'a user name or password stands in its address'],
    ['https://10.0.0.1/', 'its address is private, which takes allowPrivate'],
    ['https://0x0a000001/', 'its address is private, which takes allowPrivate'],
    ['https://[fd00::1]/', 'its address is private, which takes allowPrivate'],
    ['https://169.254.169.254/latest', 'its address belongs to no server'],
    ['https://[::ffff:169.254.169.254]/', 'its address belongs to no server'],
  ])('%s is judged as far as it says itself where it leads', (url, problem) => {
    expect(addressProblem(new URL(url), false)).toBe(problem);
  });
});
