import { describe, expect, it } from 'vitest';
import { readForm } from '../../src/web/form.ts';

describe('a decision form', () => {
  it('is read as the page sends it', () => {
    expect(readForm('csrf=abc&decision=approve', [])).toEqual({ csrf: 'abc', approve: true, fields: new Map() });
    expect(readForm('csrf=abc&decision=deny', [])).toMatchObject({ approve: false });
  });

  it('brings the fields of the factor, and no others', () => {
    expect(readForm('csrf=abc&decision=approve&code=123456', ['code'])?.fields).toEqual(new Map([['code', '123456']]));
    expect(readForm('csrf=abc&decision=approve&code=123456', [])).toBeNull();
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
    ['JSON', '{"csrf":"abc","decision":"approve"}'],
    ['no text at all', undefined],
    ['an object', { csrf: 'abc', decision: 'approve' }],
  ])('is refused with %s', (_what, body) => {
    expect(readForm(body, [])).toBeNull();
  });
});
