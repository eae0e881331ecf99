import { describe, expect, it } from 'vitest';
import type { ProposalView } from '../../src/core/ports.ts';
import { optionsOf } from '../../src/web/options.ts';
import { someView } from './support.ts';

const now = Date.UTC(2026, 10, 20, 12, 0);
const minute = 60_000;
const hour = 60 * minute;

const proposal: ProposalView = {
  digest: 'a'.repeat(64),
  isNew: false,
  file: 'f',
  lines: [],
  windowMs: 24 * hour,
  scope: 'vault',
};

describe('how long an approval may cover', () => {
  it('is once, steps and the vault’s own time, which is chosen', () => {
    const options = optionsOf(someView({ windowMs: hour }), now, null);
    expect(options?.lengths.map(({ words }) => words)).toEqual(['Once', '5 minutes', '15 minutes', '1 hour']);
    expect(options?.chosen.length).toMatchObject({
      ms: hour,
      isUsual: true,
      until: { iso: '2026-11-20T13:00:00.000Z' },
    });
  });

  it('is never longer than the vault’s own time', () => {
    for (const windowMs of [1_000, 5 * minute, 7 * minute, 24 * hour]) {
      const lengths = optionsOf(someView({ windowMs }), now, null)?.lengths.map(({ ms }) => ms) ?? [];
      expect(Math.max(...lengths)).toBe(windowMs);
      expect(lengths).toEqual([...new Set(lengths)]);
    }
  });

  it('is nothing to choose where every read asks', () => {
    expect(optionsOf(someView({ windowMs: 0 }), now, null)).toBeNull();
  });

  it('stays as it was chosen when the page comes once more', () => {
    const again = optionsOf(someView({ windowMs: hour }), now, { windowMs: 5 * minute, scope: 'secret' });
    expect(again?.chosen.length).toMatchObject({ words: '5 minutes', isUsual: false });
  });

  it('is once if what was chosen is not there any more', () => {
    const again = optionsOf(someView({ windowMs: 15 * minute }), now, { windowMs: hour, scope: 'vault' });
    expect(again?.chosen.length.words).toBe('Once');
    expect(again?.lengths.some(({ isChosen }) => isChosen)).toBe(false);
  });
});

describe('how much an approval may cover', () => {
  it('can be the whole vault where the config says so, and is at first', () => {
    const options = optionsOf(someView({ windowMs: hour, scope: 'vault' }), now, null);
    expect(options?.scopes?.map(({ covers }) => covers)).toEqual(['this secret', 'every secret in this vault']);
    expect(options?.chosen.scope.scope).toBe('vault');
  });

  it('is nothing to choose elsewhere', () => {
    const options = optionsOf(someView({ windowMs: hour, scope: 'secret' }), now, { windowMs: hour, scope: 'vault' });
    expect(options?.scopes).toBeNull();
    expect(options?.chosen.scope.scope).toBe('secret');
  });
});

describe('with a config to be approved', () => {
  it('what a changed one allows can be chosen, and is not chosen at first', () => {
    const options = optionsOf(someView({ windowMs: 15 * minute, scope: 'secret', proposal }), now, null);
    expect(options?.chosen).toMatchObject({ length: { ms: 15 * minute }, scope: { scope: 'secret' } });
    expect(options?.lengths.map(({ ms, needsConfig }) => [ms / minute, needsConfig])).toEqual([
      [0, false],
      [5, false],
      [15, false],
      [60, true],
      [240, true],
      [480, true],
      [1440, true],
    ]);
    expect(options?.scopes?.map(({ needsConfig }) => needsConfig)).toEqual([false, true]);
  });

  it('a new one has its say', () => {
    const first = someView({ windowMs: 0, scope: 'secret', proposal: { ...proposal, isNew: true } });
    const options = optionsOf(first, now, null);
    expect(options?.chosen).toMatchObject({ length: { ms: 24 * hour }, scope: { scope: 'vault' } });
    expect(options?.lengths.filter(({ needsConfig }) => !needsConfig).map(({ words }) => words)).toEqual(['Once']);
  });
});
