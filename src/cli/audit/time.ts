import { VaultError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * "2026-11-20", "2026-11-20T04:40", with or without seconds and zone (UTC without), or "90m", "24h", "7d" ago. Milliseconds of the
 * wall clock. Throws `input_invalid`. @param flag for the message @param now milliseconds
 */
export function timeIn(text: string, flag: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/u.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (units[unit] ?? 0);
  const [, day, time = 'T00:00', zone = 'Z'] = shape.exec(text) ?? [];
  const found = day === undefined ? Number.NaN : Date.parse(`${day}${time.replace(' ', 'T')}${zone}`);
  // Date.parse takes February 30 for March 2.
  if (!Number.isNaN(found) && isDay(day ?? '')) return found;
  throw new VaultError('input_invalid', `--${flag} ${oneLine(text)} is no time`, {
    hint: 'write 2026-11-20, 2026-11-20T04:40 (UTC), or so long ago: 90m, 24h, 7d',
  });
}

const shape = /^(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?(Z|[+-]\d\d:\d\d)?$/u;

function isDay(day: string): boolean {
  const found = new Date(`${day}T00:00Z`);
  return !Number.isNaN(found.getTime()) && found.toISOString().startsWith(day);
}
