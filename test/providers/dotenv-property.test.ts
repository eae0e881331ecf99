import { parseEnv } from 'node:util';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import { assignmentsIn, withValues } from '../../src/providers/dotenv-edit.ts';
import { formsOf, unholdable } from '../../src/providers/dotenv-forms.ts';
import { dotenvParser } from '../../src/providers/dotenv-parser.ts';
import type { DotenvParser } from '../../src/providers/dotenv-parser.ts';
import { unwritableName } from '../../src/providers/env-file-names.ts';

/** SLOW=1 runs all of the 375,000 cases, in minutes. */
const slow = process.env['SLOW'] === '1';
const runs = (full: number): { numRuns: number } => ({ numRuns: slow ? full : Math.round(full / 100) });
const timeout = slow ? 900_000 : 30_000;

const dotenv = await dotenvParser();
const readers: Record<string, DotenvParser> = {
  'dotenv.parse': (text) => dotenv(text),
  'dotenv.parse, fast': (text) => new Map(Object.entries(parse(text, { fast: true }))),
  'util.parseEnv': (text) => new Map(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? ''])),
};

const characters = Array.from(`'"\`\\#\n =$:&,;{}!-nrx`);
const awkward = [...characters, '\\n', '\\r', "\\'", '\\"', '$&', '$1', '\t', 'é', '😀', '\nA=', '\nexport B="', ' #'];
const value = fc
  .string({
    unit: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...awkward) },
      fc.string({ minLength: 1, maxLength: 3, unit: 'binary' }),
    ),
  })
  .filter((text) => unholdable(text) === null);
const name = fc.stringMatching(/^[\w.-]{1,6}$/u).filter((text) => unwritableName(text) === null);
const values = fc.uniqueArray(fc.tuple(name, value), { minLength: 1, maxLength: 3, selector: ([one]) => one });

const line = fc.oneof(
  fc.constantFrom('', '  ', "# a comment with 'one quote", '# KEY=old', 'not an assignment', '   # indented'),
  fc
    .record({
      before: fc.constantFrom('', 'export ', '  ', '\t'),
      name: fc.constantFrom('A', 'B', 'C', 'KEY', 'KEY2'),
      equals: fc.constantFrom('=', ' = ', '= '),
      form: value.map((text) => formsOf(text)[0] ?? ''),
      after: fc.constantFrom('', ' ', ' # why'),
    })
    .map((part) => part.before + part.name + part.equals + part.form + part.after),
);
const file = fc
  .record({ lines: fc.array(line, { maxLength: 6 }), eol: fc.constantFrom('\n', '\r\n'), last: fc.boolean() })
  .map(({ lines, eol, last }) => lines.join(eol) + (last ? eol : ''));

it('writes new files that every parser reads back exactly', { timeout }, () => {
  const property = fc.property(values, (pairs) => {
    const wanted = new Map(pairs);
    const text = withValues('', wanted, dotenv);
    for (const read of Object.values(readers)) expect(sorted(read(text))).toEqual(sorted(wanted));
  });
  fc.assert(property, runs(175_000));
});

it('edits files so that every parser finds the value, and the rest as it was', { timeout }, () => {
  const property = fc.property(file, fc.constantFrom('KEY', 'C', 'NEW'), value, (before, target, wanted) => {
    const after = withValues(before, new Map([[target, wanted]]), dotenv);
    for (const read of Object.values(readers))
      expect(sorted(read(after))).toEqual(sorted(new Map([...read(before), [target, wanted]])));
  });
  fc.assert(property, runs(125_000));
});

it('keeps every character outside the one value', { timeout }, () => {
  const property = fc.property(file, value, (before, wanted) => {
    const old = assignmentsIn(before).findLast((one) => one.name === 'KEY');
    const after = withValues(before, new Map([['KEY', wanted]]), dotenv);
    if (old === undefined) expect(after.startsWith(before)).toBe(true);
    else
      expect([after.startsWith(before.slice(0, old.start)), after.endsWith(before.slice(old.end))]).toEqual([
        true,
        true,
      ]);
  });
  fc.assert(property, runs(25_000));
});

it('finds in any text the names that dotenv finds, and edits it without harm or not at all', { timeout }, () => {
  const fragment = fc.constantFrom(
    ...awkward,
    'KEY',
    'A=',
    'KEY =',
    'KEY: ',
    'export ',
    'export\n',
    '\r',
    '\r\n',
    '\u2028',
    '\u00a0',
    '__proto__=',
    'constructor=',
  );
  const property = fc.property(fc.string({ unit: fragment, maxLength: 30 }), value, (before, wanted) => {
    const found = assignmentsIn(before).map((one) => one.name);
    expect(new Set(found.filter((one) => one !== '__proto__'))).toEqual(new Set(dotenv(before).keys()));
    const after = editedOrNull(before, wanted);
    if (after !== null) expect(sorted(dotenv(after))).toEqual(sorted(new Map([...dotenv(before), ['KEY', wanted]])));
  });
  fc.assert(property, runs(50_000));
});

function editedOrNull(before: string, wanted: string): string | null {
  try {
    return withValues(before, new Map([['KEY', wanted]]), dotenv);
  } catch (thrown) {
    if (thrown instanceof VaultError) return null;
    throw thrown;
  }
}

function sorted(values: ReadonlyMap<string, string>): [string, string][] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
}
