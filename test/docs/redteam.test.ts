import { describe, expect, it } from 'vitest';
import { attacks } from '../redteam/attacks.ts';
import { markdownTables } from '../redteam/markdown.ts';
import { generatedPart } from './markdown.ts';

describe('SECURITY.md', () => {
  it.each(Object.entries(markdownTables(attacks)))('has the table %s, as the red team measures it', (name, table) => {
    expect(generatedPart('SECURITY.md', name, table)).toBe(table);
  });
});
