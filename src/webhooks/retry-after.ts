const day = 86_400_000;

/** RFC 9110, 10.2.3: seconds or a date. Milliseconds from now, at most a day; null for anything else. @param now wall clock, milliseconds */
export function retryAfterMs(header: string, now: number): number | null {
  const text = header.trim();
  const ms = /^\d{1,9}$/u.test(text) ? Number(text) * 1000 : dateOf(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), day);
}

/** `Date.parse` takes much that is no date of HTTP. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/u.test(text) ? Date.parse(text) : Number.NaN;
}
