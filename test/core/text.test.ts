import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, maskedPreview, oneLine, shortened, visible } from '../../src/core/text.ts';

describe('visible', () => {
  it.each([
    ['bidi overrides', 'a\u202Eb', 'a\\u{202e}b'],
    ['bidi isolates', 'a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
    ['zero-width spaces', 'pass\u200Bword', 'pass\\u{200b}word'],
    ['a byte-order mark', '\uFEFFa', '\\u{feff}a'],
    ['soft hyphens', 'a\u00ADb', 'a\\u{ad}b'],
    ['NUL', 'a\0b', 'a\\u{0}b'],
    ['escape sequences of terminals', '\u001B[31mred', '\\u{1b}[31mred'],
    ['carriage returns', 'a\rb', 'a\\u{d}b'],
    ['the tag block', 'a\u{E0041}', 'a\\u{e0041}'],
    ['variation selectors on letters', 'a\uFE0F', 'a\\u{fe0f}'],
    ['lone surrogates', 'a\uD800b', 'a\\u{d800}b'],
    ['fillers that look like nothing', 'a\u3164b\u115Fc', 'a\\u{3164}b\\u{115f}c'],
    ['line separators', 'a\u2028b', 'a\\u{2028}b'],
    ['joiners between Latin letters', 'a\u200Db', 'a\\u{200d}b'],
    ['private-use characters', '\uE000', '\\u{e000}'],
  ])('escapes %s', (_, text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  it.each([
    ['line breaks', 'one\ntwo'],
    ['emoji with modifiers and joiners', '👩🏽‍💻 👨‍👩‍👧 ❤️‍🔥 ☎️ 5️⃣'],
    ['joiners that Persian needs', 'می\u200Cخواهم'],
    ['joiners that Devanagari needs', 'क्\u200Dष'],
    ['letters of every kind', 'Grüße 日本語 Ελλάδα עברית العربية'],
    ['markup, which the page escapes', '</script><b>&amp;'],
  ])('keeps %s', (_, text) => {
    expect(visible(text)).toBe(text);
  });

  it('leaves nothing hidden and does nothing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visible(text);
        expect(visible(shown)).toBe(shown);
        expect(shown).not.toMatch(/[\p{Cs}\u202A-\u202E\u2066-\u2069\u200B\u0000-\u0009\u000B-\u001F]/u);
      }),
    );
  });
});

describe('oneLine', () => {
  it('has no line break left, so that no log line can be forged', () => {
    expect(oneLine('a\nagent-vault: approved')).toBe('a\\nagent-vault: approved');
  });
});

describe('shortened', () => {
  it('says how much is missing', () => {
    expect(shortened('abcdef', 4)).toBe('abcd… (2 more characters)');
    expect(shortened('abcd', 4)).toBe('abcd');
  });
});

describe('maskedPreview', () => {
  it.each([
    ['', '•••••• (0 characters)'],
    ['123456789012', '•••••• (12 characters)'],
    ['1234567890123', '123••••••123 (13 characters)'],
    ['\u202Eabcdefghijkl\n', '\\u{202e}ab••••••kl\\n (14 characters)'],
  ])('of %j is %s', (value, expected) => {
    expect(maskedPreview(value)).toBe(expected);
  });
});

describe('didYouMean', () => {
  const known = ['DATABASE_URL', 'API_KEY', 'STRIPE_SECRET_KEY'];
  it.each([
    ['DATABSE_URL', 'DATABASE_URL'],
    ['api_key', 'API_KEY'],
    ['APIKEY', 'API_KEY'],
    ['SOMETHING_ELSE', null],
    ['', null],
    ['DATABASE_URL'.repeat(6), null],
  ])('%s: %s', (name, expected) => {
    expect(didYouMean(name, known)).toBe(expected);
  });
});
