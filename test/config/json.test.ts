import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonFault, parseJson } from '../../src/config/json.ts';

describe('parseJson', () => {
  it('reads every JSON text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2, '\t'), (text, indent) => {
        fc.pre(!text.includes('__proto__'));
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(parseJson(spaced)).toEqual(JSON.parse(spaced));
      }),
    );
  });

  it('accepts nothing that JSON.parse refuses', () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '1', '-', '.5', 'e3', 'null', ' ', '\n', '\\u12', '\t'),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        const ours = outcome(() => parseJson(text));
        if (ours !== undefined) expect(ours).toEqual(outcome(() => JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 1, 1, 'a value is expected'],
    ['{\n  "a": 1,\n}', 3, 1, 'a key in double quotes'],
    ["{\n  'a': 1\n}", 2, 3, 'a key in double quotes'],
    ['{ "a" 1 }', 1, 7, 'a colon'],
    ['{ "a": 1 "b": 2 }', 1, 10, 'a comma or }'],
    ['[1 2]', 1, 4, 'a comma or ]'],
    ['[1,]', 1, 4, 'a value is expected'],
    ['{} {}', 1, 4, 'something follows'],
    ['{ "a": "b\nc" }', 1, 8, 'this text does not end'],
    ['{ // why\n}', 1, 3, 'a key in double quotes'],
    ['{ "a": 01 }', 1, 9, 'a comma or }'],
    ['{ "a": undefined }', 1, 8, 'a value is expected'],
    ['{\n"a": 1,\n"a": 2 }', 3, 1, 'the same key stands here twice'],
    ['{ "\\u005f_proto__": 1 }', 1, 3, '__proto__ is not allowed'],
    ['['.repeat(1_000_000), 1, 102, 'nested too deeply'],
  ])('tells where %j goes wrong', (text, line, column, message) => {
    const fault = faultOf(text);
    expect(fault.message).toContain(message);
    expect([fault.line, fault.column]).toEqual([line, column]);
  });
});

function outcome(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function faultOf(text: string): JsonFault {
  try {
    parseJson(text);
  } catch (thrown) {
    if (thrown instanceof JsonFault) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}
