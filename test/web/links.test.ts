import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RequestId } from '../../src/core/request.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createLinks } from '../../src/web/links.ts';
import { createMac, sameMac } from '../../src/web/mac.ts';

const id = 'V1StGXR8_Z5jdHi6B-myT' as RequestId;
const expiresAt = 1_900_000_000_001;

describe('a link', () => {
  const links = createLinks(systemRandom);
  const path = links.path(id, expiresAt);

  it('is read back by whoever made it, its expiry rounded up to a second', () => {
    expect(links.read(path)).toEqual({ id, expiresAt: 1_900_000_001_000, path });
  });

  it('means nothing to another process', () => {
    expect(createLinks(systemRandom).read(path)).toBeNull();
  });

  it('dies with any single character changed', () => {
    for (let at = 0; at < path.length; at += 1) {
      for (const other of ['A', 'B', '0', '-', '%', '']) {
        const changed = path.slice(0, at) + other + path.slice(at + 1);
        if (changed !== path) expect(links.read(changed), changed).toBeNull();
      }
    }
  });

  const [base = '', query = ''] = path.split('?');
  const [exp = '', sig = ''] = query.split('&');
  it.each([
    ['its parameters swapped', `${base}?${sig}&${exp}`],
    ['a parameter more', `${path}&utm_source=mail`],
    ['a second expiry', `${base}?${exp}&${sig}&${exp}`],
    ['a second signature', `${base}?${sig}&${exp}&${sig}`],
    ['no signature', `${base}?${exp}`],
    ['an empty signature', `${base}?${exp}&sig=`],
    ['no query', base],
    ['a padded signature', `${path}=`],
    ['an encoded character in its id', path.replace('V1', '%561')],
    ['a signed expiry', path.replace('exp=', 'exp=+')],
    ['a leading zero in its expiry', path.replace('exp=', 'exp=0')],
    ['a line feed at its end', `${path}\n`],
    ['a slash more', path.replace('?', '/?')],
    ['another case', path.replace('approve', 'Approve')],
    ['an origin in front', `http://localhost${path}`],
  ])('dies with %s', (_what, changed) => {
    expect(links.read(changed)).toBeNull();
  });

  it('is a different one for every request and expiry', () => {
    const later = links.path(id, expiresAt + 5_000);
    const other = links.path('B'.repeat(21) as RequestId, expiresAt);
    const signatures = [path, later, other].map((link) => link.split('sig=')[1]);
    expect(new Set(signatures).size).toBe(3);
    expect(links.read(path.replace(signatures[0]!, signatures[1]!))).toBeNull();
    expect(links.read(path.replace(signatures[0]!, signatures[2]!))).toBeNull();
  });
});

describe('a MAC', () => {
  const key = new Uint8Array(32).fill(7);

  it('covers the purpose and each field with its length in front', () => {
    const encoded = '\0\0\0\x07a/link/\0\0\0\x02ab\0\0\0\x01c';
    expect(createMac('a/link/', key)('ab', 'c')).toBe(createHmac('sha256', key).update(encoded).digest('base64url'));
  });

  it('tells apart fields that look alike when joined, and purposes with the same key', () => {
    const mac = createMac('one', key);
    expect(mac('ab', 'c')).not.toBe(mac('a', 'bc'));
    expect(mac('ab', '')).not.toBe(mac('ab'));
    expect(mac('ab')).not.toBe(createMac('two', key)('ab'));
  });

  it('is the same only if every byte is, whatever is given', () => {
    const mac = createMac('one', key)('x');
    expect(sameMac(mac, mac)).toBe(true);
    for (const given of ['', mac.slice(1), `${mac}A`, 'é'.repeat(43), 'A'.repeat(43)])
      expect(sameMac(given, mac)).toBe(false);
  });
});
