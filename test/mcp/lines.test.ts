import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WholeLines } from '../../src/mcp/lines.ts';

describe('whole lines', () => {
  it('pass on everything that ends with a line break, in pieces that do', async () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n', '"x"\n'), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        const lines = new WholeLines(1_000);
        const passed: string[] = [];
        lines.on('data', (piece: Buffer) => passed.push(piece.toString()));
        for (const piece of pieces) lines.write(piece);
        lines.end();
        await once(lines, 'end');
        const all = pieces.join('');
        expect(passed.join('')).toBe(all.slice(0, all.lastIndexOf('\n') + 1));
        expect(passed.every((piece) => piece.endsWith('\n'))).toBe(true);
      }),
    );
  });

  it('fail on a line that is too long, however it comes', async () => {
    const lines = new WholeLines(10);
    const failed = once(lines, 'error');
    lines.write('{"a":1}\n12345');
    lines.write('67890');
    lines.write('1');
    expect(String((await failed)[0])).toContain('more than 10 bytes');
  });
});
