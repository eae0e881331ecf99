import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configReference } from '../../src/config/reference.ts';

const rows = configReference();

describe('the reference of the config', () => {
  it('has every key once, with its type and what it is for', () => {
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.about, row.key).not.toBe('');
      expect(row.type, row.key).not.toBe('something else');
    }
  });

  it('says which provider a key belongs to, and its default', () => {
    expect(rows).toContainEqual({
      key: 'vaults.<name>.ttl',
      type: 'a number from 0 to 1440',
      default: '0',
      about: expect.stringContaining('minutes'),
    });
    expect(rows.find(({ key }) => key === 'vaults.<name>.file')?.about).toMatch(/^\(env\) /u);
    expect(rows.find(({ key }) => key === 'port')?.default).toBe('9999');
  });

  it('covers exactly the keys of the example, except those for tests and editors', () => {
    const example: unknown = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../agent-vault.config.example.json'), 'utf8'),
    );
    const unusual = ['$schema', 'tunnel.server_addr', 'tunnel.root_cas'];
    // What a webhook format adds of its own is in the reference only.
    const isOfFormats = ({ key, about }: (typeof rows)[number]): boolean =>
      key.startsWith('webhooks[]') && about.startsWith('(');
    const documented = rows
      .filter((row) => !isOfFormats(row))
      .map(({ key }) => key)
      .filter((key) => !unusual.includes(key));
    expect([...new Set(keysIn(example, ''))].sort()).toEqual(documented.sort());
  });
});

function keysIn(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.some(isObject) ? value.flatMap((item) => keysIn(item, `${at}[]`)) : [at];
  if (!isObject(value)) return [at];
  return Object.entries(value).flatMap(([key, member]) =>
    keysIn(member, at === '' ? key : `${at}.${at === 'vaults' ? '<name>' : key}`),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
