import { describe, expect, it } from 'vitest';
import { dotenvParser } from '../../src/providers/dotenv-parser.ts';
import { slowToParse } from '../../src/providers/dotenv-slowness.ts';

const parse = await dotenvParser();
const inARow = 'more than 100 blank lines in a row';
const inAll = 'too many blank lines, or too long ones';

describe('a text that dotenv would be slow to parse', () => {
  it.each([
    ['101 blank lines', 'A=1\n' + '\n'.repeat(101), inARow],
    ['101 blank lines at its beginning', '\n'.repeat(101) + 'A=1', inARow],
    ['101 blank lines of blanks', 'A=1\n' + ' \u00a0\t\u3000\n'.repeat(101), inARow],
    ['101 blank lines of each kind of line break', '!\r' + '\r\u2028'.repeat(51), inARow],
    ['blank lines after export', 'export' + '\n'.repeat(102), inARow],
    ['99 blank lines, again and again', ('!' + '\n'.repeat(99)).repeat(10_000), inAll],
    ['99 blank lines that are long', '!' + (' '.repeat(5_000) + '\n').repeat(99), inAll],
    ['99 blank lines before a long word', ('\n'.repeat(99) + 'A'.repeat(20_000)).repeat(12), inAll],
    ['99 blank lines after export, again and again', ('export' + '\n'.repeat(99)).repeat(800), inAll],
    ['quotes at line separators', 'A=x' + "\u2028'a".repeat(5_000), inAll],
    ['quotes at paragraph separators', 'A=x' + "\u2029'a".repeat(5_000), inAll],
  ])('is one with %s', (_, text, why) => {
    expect(slowToParse(text)).toBe(why);
  });
});

describe('a text that dotenv parses fast', () => {
  it.each([
    ['nothing', ''],
    ['100 blank lines', 'A=1\n' + '\n'.repeat(100)],
    ['100 blank lines that end as on Windows', 'A=1\r\n' + '\r\n'.repeat(100)],
    ['many blank lines, but few in a row', 'A=1\n\n\n\n'.repeat(200_000)],
    ['many names', Array.from({ length: 100_000 }, (_, at) => `NAME_${at}=value\n`).join('')],
    ['long blank lines', (' '.repeat(100_000) + '!\n').repeat(20)],
    ['many blanks around everything', `export${' '.repeat(1e6)}A${' '.repeat(1e6)}=${' '.repeat(1e6)}'x'`],
    ['a long word', 'A'.repeat(4_000_000)],
    ['a long line of "export"', 'export '.repeat(500_000)],
    ['lines of "export"', 'export\n'.repeat(500_000)],
    ['a quote that is never closed', `A='${'x\n'.repeat(1_500_000)}`],
    ['escaped quotes', `A='${"\\'x".repeat(1_000_000)}`],
    ['quotes that are closed by the next line', `A='x\nB="x\nC=\`x\n`.repeat(200_000)],
    ['a certificate', `A='-----BEGIN\n${`${'a'.repeat(64)}\n`.repeat(40_000)}'`],
  ])('is one with %s', (_, text) => {
    expect(slowToParse(text)).toBeNull();
    expect(parse(text)).toBeInstanceOf(Map);
  });
});
