import { describe, expect, it } from 'vitest';
import { longestNote, readForm, readToken } from '../../src/web/form.ts';

const digest = 'a'.repeat(64);

describe('a decision form', () => {
  it('is read as the page sends it', () => {
    const body =
      `csrf=abc&decision=approve&window=300000&scope=vault&name=0&name=12&code=+42&config=${digest}` +
      '&totp=123+456&ceremony=c1&assertion=%7B%7D';
    expect(readForm(body)).toEqual({
      csrf: 'abc',
      approve: true,
      windowMs: 300_000,
      scope: 'vault',
      names: [0, 12],
      note: '',
      mute: false,
      code: '42',
      config: digest,
      totp: '123456',
      passkey: { ceremony: 'c1', assertion: '{}' },
    });
  });

  it('asks for as little as possible where it says nothing', () => {
    expect(readForm('csrf=abc&decision=approve')).toMatchObject({
      windowMs: 0,
      scope: 'secret',
      names: [],
      mute: false,
      code: '',
      config: null,
      totp: '',
      passkey: null,
    });
    expect(readForm('csrf=abc&decision=deny&ceremony=&assertion=')).toMatchObject({ approve: false, passkey: null });
  });

  it('brings a note as it was typed, with the line breaks that all of ours have', () => {
    expect(readForm('csrf=abc&decision=deny&mute=on&note=one%0D%0Atwo')).toMatchObject({
      note: 'one\ntwo',
      mute: true,
    });
    expect(readForm(`csrf=abc&decision=deny&note=${'x'.repeat(longestNote)}`)?.note).toHaveLength(longestNote);
  });

  it.each([
    ['nothing', ''],
    ['no decision', 'csrf=abc'],
    ['no token', 'decision=approve'],
    ['another decision', 'csrf=abc&decision=Approve'],
    ['two decisions', 'csrf=abc&decision=deny&decision=approve'],
    ['two tokens', 'csrf=abc&csrf=abc&decision=approve'],
    ['a field more', 'csrf=abc&decision=approve&ttl=99'],
    ['a field called __proto__', 'csrf=abc&decision=approve&__proto__=x'],
    ['a field called constructor', 'csrf=abc&decision=approve&constructor=x'],
    ['two windows', 'csrf=abc&decision=approve&window=0&window=900000'],
    ['a window before now', 'csrf=abc&decision=approve&window=-1'],
    ['a window in another notation', 'csrf=abc&decision=approve&window=9e5'],
    ['an endless window', 'csrf=abc&decision=approve&window=Infinity'],
    ['another scope', 'csrf=abc&decision=approve&scope=everything'],
    ['a name twice', 'csrf=abc&decision=approve&name=1&name=1'],
    ['a name that is no place in the list', 'csrf=abc&decision=approve&name=STRIPE_KEY'],
    ['one place in two spellings', 'csrf=abc&decision=approve&name=1&name=01'],
    ['another mute', 'csrf=abc&decision=deny&mute=yes'],
    ['a digest that is none', 'csrf=abc&decision=approve&config=yes'],
    ['a note that is too long', `csrf=abc&decision=deny&note=${'x'.repeat(longestNote + 1)}`],
    ['a ceremony without its answer', 'csrf=abc&decision=approve&ceremony=c1'],
    ['an answer without its ceremony', 'csrf=abc&decision=approve&assertion=%7B%7D'],
    ['JSON', '{"csrf":"abc","decision":"approve"}'],
    ['no text at all', undefined],
    ['an object', { csrf: 'abc', decision: 'approve' }],
  ])('is refused with %s', (_what, body) => {
    expect(readForm(body)).toBeNull();
  });
});

describe('a form that only says who sends it', () => {
  it('has its token and nothing else', () => {
    expect(readToken('csrf=abc')).toBe('abc');
    for (const body of ['', 'token=abc', 'csrf=abc&csrf=abc', 'csrf=abc&x=1', undefined, { csrf: 'abc' }])
      expect(readToken(body)).toBeNull();
  });
});
