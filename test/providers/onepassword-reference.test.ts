import { Secrets } from '@1password/sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSegment, parseReference, referenceText } from '../../src/providers/onepassword-reference.ts';

const long = 'x'.repeat(128);

describe('a secret reference', () => {
  it.each([
    ['op://v/i', { vault: 'v', item: 'i' }],
    ['op://v/i/f', { vault: 'v', item: 'i', field: { field: 'f' } }],
    ['op://v/i/s/f', { vault: 'v', item: 'i', field: { section: 's', field: 'f' } }],
    [
      'op://My Vault/a-b_c.d/add more/f 1',
      { vault: 'My Vault', item: 'a-b_c.d', field: { section: 'add more', field: 'f 1' } },
    ],
    ['op://v/i/f?attribute=otp', { vault: 'v', item: 'i', field: { field: 'f', query: 'attribute=otp' } }],
    ['op://v/i/f?attribute=totp', { vault: 'v', item: 'i', field: { field: 'f', query: 'attribute=totp' } }],
    ['op://v/i/f?ssh-format=openssh', { vault: 'v', item: 'i', field: { field: 'f', query: 'ssh-format=openssh' } }],
    [`op://${long}/i/..a`, { vault: long, item: 'i', field: { field: '..a' } }],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
    expect(referenceText(parseReference(text))).toBe(text);
  });

  it.each([
    ...['op://', 'op://v', 'op://v/', 'op:///i', 'op://v//f', 'op://v/i/', 'op://v/i/s/f/g', 'op://v/i//f'],
    ...['op://v/i/..', 'op://v/./f', 'op://../i/f', 'op://v/../f'],
    ...['op://v /i/f', 'op://v/ i/f', 'op://v/i/f ', `op://${long}x/i/f`],
    ...['op://v/ü/f', 'op://v/i/f%20g', 'op://v/i/a@b', 'op://v/i/$F', 'op://v/i/a"b', 'op://v/i/a\nb', 'op://v/i/a:b'],
    ...['op://v/i?attribute=otp', 'op://v/i/f?', 'op://v/i/f?attribute=value', 'op://v/i/f?attribute=OTP'],
    ...['op://v/i/f?attribute=otp&ssh-format=openssh', 'op://v/i/f?attribute=otp?attribute=otp', 'OP://v/i/f', 'v/i/f'],
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ failure: 'input_invalid' }));
  });

  it('says how it should look, and shows the hostile text harmlessly', () => {
    const refused = (): unknown => parseReference('op://v/\u202Eevil\u0007/f');
    expect(refused).toThrow('"op://v/\\u{202e}evil\\u{7}/f" is not a secret reference: it must be op://vault/item');
    expect(refused).toThrow('?attribute=otp, ?attribute=totp, ?ssh-format=openssh');
  });

  it('is one that the SDK takes, whenever it names a field', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9 ._-]{1,40}$/).filter(isSegment);
    const query = fc.constantFrom('', '?attribute=otp', '?attribute=totp', '?ssh-format=openssh');
    const reference = fc.tuple(fc.array(segment, { minLength: 3, maxLength: 4 }), query);
    fc.assert(
      fc.property(reference, ([segments, ending]) => {
        const text = `op://${segments.join('/')}${ending}`;
        expect(referenceText(parseReference(text))).toBe(text);
        Secrets.validateSecretReference(text);
      }),
    );
  });
});
