import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, sectionOf, tableRows, textOf } from './markdown.ts';

const page = textOf('SECURITY.md');
const claims = tableRows(sectionOf(page, '## What is guaranteed'));

interface Proof {
  readonly file: string;
  readonly title: string;
}

describe('SECURITY.md', () => {
  it('proves each claim by at least one test', () => {
    expect(claims.length).toBeGreaterThan(30);
    expect(claims.filter(([, tests]) => proofsIn(tests ?? '').length === 0)).toEqual([]);
  });

  it('says nothing in the second column but tests', () => {
    const rest = claims.map(([, tests]) => tests?.replace(proof, '').replaceAll(', ', ''));
    expect(rest.filter((text) => text !== '')).toEqual([]);
  });

  it('names only tests that there are', () => {
    expect(proofsIn(page).filter((each) => !isThere(each))).toEqual([]);
  });
});

describe('the check of tests', () => {
  it('would notice a file that is gone, a title that changed, and one that is skipped', () => {
    const file = 'test/docs/security.test.ts';
    expect(isThere({ file, title: 'proves each claim by at least one test' })).toBe(true);
    expect(isThere({ file, title: 'proves each claim' })).toBe(false);
    expect(isThere({ file: 'test/docs/gone.test.ts', title: 'proves each claim by at least one test' })).toBe(false);
    expect(titled(`it.skip('a b', () => {})`, 'a b')).toBe(false);
    expect(titled(`test.runIf(has)(\n  'a b', async () => {})`, 'a b')).toBe(true);
    expect(titled(`// 'a b' was a test once`, 'a b')).toBe(false);
  });
});

const proof = /`(test\/[\w./-]+\.ts)` "([^"]+)"/gu;

function proofsIn(text: string): Proof[] {
  return [...text.matchAll(proof)].map(([, file, title]) => ({ file: file!, title: title! }));
}

function isThere({ file, title }: Proof): boolean {
  return existsSync(join(root, file)) && titled(textOf(file), title);
}

/** Whether a test that is not skipped has this title. */
function titled(source: string, title: string): boolean {
  const quoted = ["'", '"', '`'].map((quote) => `${quote}${title}${quote}`).find((each) => source.includes(each));
  if (quoted === undefined) return false;
  const before = source.slice(0, source.indexOf(quoted)).trimEnd();
  return before.endsWith('(') && !/(?:skip|todo)\($/u.test(before);
}
