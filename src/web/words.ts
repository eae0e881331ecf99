/** A moment, for a `<time>` element: machine form, and a clock time with its zone, for people. */
export interface Moment {
  readonly iso: string;
  readonly text: string;
}

/** A length of time in words, never longer than the truth: "15 minutes", "1 hour 30 minutes", "3 seconds". @param ms milliseconds */
export function lengthInWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds === 0 && ms > 0) return 'less than a second';
  const parts = [
    { count: Math.floor(seconds / 3600), unit: 'hour' },
    { count: Math.floor(seconds / 60) % 60, unit: 'minute' },
    { count: seconds % 60, unit: 'second' },
  ].filter(({ count }) => count > 0);
  return parts.map(({ count, unit }) => counted(count, unit)).join(' ') || '0 seconds';
}

/** "1 secret", "3 secrets". */
export function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * "14:32 UTC", with the weekday if that is not today's. The page's script shows the phone's own time instead.
 * @param wall milliseconds since 1970
 * @param zone an IANA name; this machine's zone if missing
 */
export function momentOf(wall: number, now: number, zone?: string): Moment {
  const at = (time: number, options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { ...options, ...(zone === undefined ? {} : { timeZone: zone }) }).format(time);
  const day: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'numeric', day: 'numeric' };
  const weekday = at(wall, day) === at(now, day) ? '' : `${at(wall, { weekday: 'long' })} `;
  const clock = at(wall, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' });
  return { iso: new Date(wall).toISOString(), text: weekday + clock };
}
