import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exitCodes } from '../../src/core/errors.ts';

const fileText = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = fileText('docs/write-a-provider.md');
const shown = ['test/fixtures/example-provider.ts', 'test/providers/example-provider.test.ts'];

it.each(shown)('shows %s as it is compiled and tested', (path) => {
  expect(page).toContain(`\`${path}\`:\n\n\`\`\`ts\n${fileText(path)}\`\`\`\n`);
});

it('shows no other code that nobody compiles', () => {
  expect(page.match(/^```ts$/gmu)).toHaveLength(shown.length);
});

it('names only failures that exist', () => {
  const named = [...page.matchAll(/^\| `([a-z_]+)` \|/gmu)].map(([, failure]) => failure);
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((failure) => failure === undefined || !Object.hasOwn(exitCodes, failure))).toEqual([]);
});
