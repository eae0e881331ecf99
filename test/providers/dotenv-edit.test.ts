import { describe, expect, it } from 'vitest';
import { withValues } from '../../src/providers/dotenv-edit.ts';
import { formsOf, unholdable } from '../../src/providers/dotenv-forms.ts';
import { dotenvParser } from '../../src/providers/dotenv-parser.ts';

const parse = await dotenvParser();
const set = (text: string, name: string, value: string): string => withValues(text, new Map([[name, value]]), parse);

describe('editing an env file', () => {
  it.each([
    ['an empty file', '', `KEY='new'\n`],
    ['a file with a final newline', 'A=1\n', `A=1\nKEY='new'\n`],
    ['a file without a final newline', 'A=1', `A=1\nKEY='new'`],
    ['CRLF line ends', 'A=1\r\nB=2\r\n', `A=1\r\nB=2\r\nKEY='new'\r\n`],
    ['only a byte order mark', '\uFEFF', `\uFEFFKEY='new'\n`],
    ['an old value without quotes', 'KEY=old\nA=1\n', `KEY='new'\nA=1\n`],
    ['a comment behind the value', 'KEY=old # why\n', `KEY='new' # why\n`],
    ['a comment where no value is', 'KEY= # why\n', `KEY='new' # why\n`],
    ['an empty value', 'KEY=\nA=1\n', `KEY='new'\nA=1\n`],
    ['export, indentation and blanks', '\t export KEY = old  \n', `\t export KEY = 'new'  \n`],
    ['a colon', 'KEY: old\n', `KEY: 'new'\n`],
    ['an old value of several lines', 'KEY="one\ntwo # three"\nA=1\n', `KEY='new'\nA=1\n`],
    ['an old value on the next line', `KEY=\n'old'\nA=1\n`, `KEY='new'\nA=1\n`],
    ['a byte order mark', '\uFEFFKEY=old\n', `\uFEFFKEY='new'\n`],
    ['the name inside a comment', '# KEY=old\n', `# KEY=old\nKEY='new'\n`],
    ['the name inside a value', `A='\nKEY=old\n'\n`, `A='\nKEY=old\n'\nKEY='new'\n`],
    ['a name that begins alike', 'KEY2=2\nMY_KEY=3\n', `KEY2=2\nMY_KEY=3\nKEY='new'\n`],
    ['several assignments, of which the last counts', 'KEY=1\nA=2\nKEY=3\n', `KEY=1\nA=2\nKEY='new'\n`],
  ])('keeps %s', (_, before, after) => {
    expect(set(before, 'KEY', 'new')).toBe(after);
  });

  it('writes line breaks in a value as the file ends its lines', () => {
    const edited = set('A=1\r\n', 'KEY', 'one\ntwo');
    expect(edited).toBe(`A=1\r\nKEY='one\r\ntwo'\r\n`);
    expect(parse(edited).get('KEY')).toBe('one\ntwo');
  });

  it('takes patterns of String.replace in a value literally', () => {
    expect(set('KEY=old\n', 'KEY', "$& $1 $` $'")).toBe(`KEY="$& $1 $\` $'"\n`);
  });

  it('falls back on other quotes where an unclosed one above would swallow the value', () => {
    const edited = set("BROKEN='abc\nA=1\n", 'KEY', '#new');
    expect(edited).toContain('KEY="#new"');
    expect([...parse(edited)]).toEqual([...parse("BROKEN='abc\nA=1\n"), ['KEY', '#new']]);
  });

  it('refuses rather than change another entry', () => {
    const before = `A='x\nB="y\nC=\`z\n`;
    expect(() => set(before, 'KEY', '#new')).toThrow(/KEY cannot be written without changing another entry/u);
  });
});

describe('the forms of a value', () => {
  it.each([
    ['', `''`],
    ['plain', `'plain'`],
    ["it's", `"it's"`],
    [`it's "x"`, `\`it's "x"\``],
    ["it's\\n", "`it's\\n`"],
    ['C:\\dir\\', 'C:\\dir\\'],
  ])('writes %j as %j at best', (value, form) => {
    expect(unholdable(value)).toBeNull();
    expect(formsOf(value)[0]).toBe(form);
  });

  it.each([
    ['a\0b', /NUL/u],
    ['a\rb', /carriage return/u],
    ['a\u2028b', /line separator/u],
    ['\uFEFFa', /byte order mark/u],
    ['a\uD800', /surrogate/u],
    ['C:\\my dir\\', /ends with a backslash/u],
    [`'"\``, /every kind of quote/u],
  ])('cannot hold %j', (value, reason) => {
    expect(unholdable(value)).toMatch(reason);
  });
});

describe('editing several values at once', () => {
  it('comes to the same as one after the other, wherever they stand', () => {
    const text = "A=1\n# why\nB='two' # kept\r\nexport C=3\nA=again";
    const values = new Map(Object.entries({ NEW: 'n', A: "it's", C: 'x\ny', OTHER: '' }));
    const together = withValues(text, values, parse);
    expect(together).toBe([...values].reduce((edited, [name, value]) => set(edited, name, value), text));
    expect(Object.fromEntries(parse(together))).toEqual({ A: "it's", B: 'two', C: 'x\ny', NEW: 'n', OTHER: '' });
  });

  it('falls back to one after the other where the first form of a value meets an open quote', () => {
    const text = "A=1\nODD='\n";
    const values = new Map(Object.entries({ NEW: '# n', MORE: '# m' }));
    const edited = parse(withValues(text, values, parse));
    expect([edited.get('NEW'), edited.get('MORE'), edited.get('ODD')]).toEqual(['# n', '# m', parse(text).get('ODD')]);
  });

  it('is refused where that would take minutes', () => {
    const text = `${'KEY_WITH_A_VALUE=1\n'.repeat(10_000)}ODD='\n`;
    const values = new Map(Array.from({ length: 200 }, (_, at) => [`NEW_${at}`, `# v${at}`]));
    const edit = (): string => withValues(text, values, parse);
    expect(edit).toThrow('too long to write so many values at once');
  });
});
