import { describe, expect, it } from 'vitest';
import { counted, lengthInWords, momentOf } from '../../src/web/words.ts';

describe('a length of time in words', () => {
  it.each([
    [900_000, '15 minutes'],
    [60_000, '1 minute'],
    [3_000, '3 seconds'],
    [1_999, '1 second'],
    [400, 'less than a second'],
    [0, '0 seconds'],
    [3_600_000, '1 hour'],
    [5_400_000, '1 hour 30 minutes'],
    [86_400_000, '24 hours'],
    [90_500, '1 minute 30 seconds'],
  ])('%i ms is %s', (ms, words) => {
    expect(lengthInWords(ms)).toBe(words);
  });
});

describe('a moment', () => {
  const now = Date.UTC(2026, 10, 20, 23, 50);

  it('is a clock time with its zone', () => {
    expect(momentOf(now + 60_000, now, 'UTC')).toEqual({ iso: '2026-11-20T23:51:00.000Z', text: '23:51 UTC' });
  });

  it('names the day once it is another one there', () => {
    expect(momentOf(now + 900_000, now, 'UTC').text).toBe('Saturday 00:05 UTC');
    expect(momentOf(now + 900_000, now, 'America/New_York').text).toBe('19:05 GMT-5');
  });

  it('has no 24 o’clock', () => {
    expect(momentOf(now + 600_000, now, 'UTC').text).toBe('Saturday 00:00 UTC');
  });
});

describe('a count', () => {
  it('has a singular and a plural', () => {
    expect([0, 1, 2, 200].map((count) => counted(count, 'secret'))).toEqual([
      '0 secrets',
      '1 secret',
      '2 secrets',
      '200 secrets',
    ]);
  });
});
