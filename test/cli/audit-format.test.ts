import { describe, expect, it } from 'vitest';
import { fit } from '../../src/cli/audit/fit.ts';
import { statsChart } from '../../src/cli/audit/stats.ts';
import { timeIn } from '../../src/cli/audit/time.ts';
import { cut, padded, widthOf } from '../../src/cli/audit/width.ts';

describe('a table', () => {
  const columns = [{ title: 'id' }, { title: 'name', least: 4 }, { title: 'reason', least: 6 }];

  it('is as wide as its cells where there is room', () => {
    expect(fit(columns, [['1', 'KEY', 'because']], Infinity)).toEqual(['id  name  reason', '1   KEY   because']);
  });

  it('takes from the widest column first, and never from one that cannot be cut', () => {
    const lines = fit(columns, [['123456', 'NAME', 'a long reason']], 22);
    expect(lines).toEqual(['id      name  reason', '123456  NAME  a long …']);
    expect(fit(columns, [['123456', 'A_LONG_NAME', 'a long reason']], 5)[1]).toBe('123456  A_L…  a lon…');
  });
});

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['鍵束', 4],
    ['🔑', 2],
    ['é', 1],
    ['e\u0301', 1],
  ])('of %s is %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it('is kept when it is cut or padded', () => {
    expect(cut('鍵束鍵束', 5)).toBe('鍵束…');
    expect(cut('鍵束鍵束', 4)).toBe('鍵…');
    expect(padded('鍵', 4)).toBe('鍵  ');
  });
});

describe('a time', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');

  it.each([
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T04:40', '2026-11-20T04:40:00.000Z'],
    ['2026-11-20 04:40:30', '2026-11-20T04:40:30.000Z'],
    ['2026-11-20T04:40+01:00', '2026-11-20T03:40:00.000Z'],
    ['2026-11-20T04:40:00.123Z', '2026-11-20T04:40:00.123Z'],
    ['90m', '2026-11-20T10:30:00.000Z'],
    ['24h', '2026-11-19T12:00:00.000Z'],
    ['7d', '2026-11-13T12:00:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(new Date(timeIn(text, 'since', now)).toISOString()).toBe(time);
  });

  it.each(['', 'yesterday', '2026-13-01', '2026-02-30', '2026-11-20T25:00', '5', '5y', '-1h', '20.11.2026'])(
    '%j is none',
    (text) => {
      expect(() => timeIn(text, 'since', now)).toThrow(expect.objectContaining({ failure: 'input_invalid' }));
    },
  );
});

describe('a chart', () => {
  it('counts what is beyond ten lines in one', () => {
    const agents = Array.from({ length: 13 }, (_, at) => ({ what: `agent ${at}`, rows: 13 - at }));
    const chart = statsChart({ rows: 91, actions: [], vaults: [], agents, days: [] }, 80);
    expect(chart.split('\n')).toHaveLength(12);
    expect(chart).toMatch(/3 others +6 {2}█/u);
    for (const line of chart.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
  });

  it('of nothing says so', () => {
    expect(statsChart({ rows: 0, actions: [], vaults: [], agents: [], days: [] }, 80)).toBe('no rows');
  });
});
