/**
 * Hostile text made harmless. What `visible` returns is what is shown, stored, hashed and sent: one string everywhere.
 */

/** Characters that change how the text around them looks, or are not seen at all. Line feeds are judged by the caller. */
const hidden =
  /\p{Cc}|\p{Cf}|\p{Cs}|\p{Co}|\p{Cn}|\p{Zl}|\p{Zp}|\u034F|\u115F|\u1160|\u17B4|\u17B5|\u2800|\u3164|\uFFA0|[\u180B-\u180F]|[\uFE00-\uFE0F]|[\u{E0100}-\u{E01EF}]/u;

/** Joiners (ZWNJ, ZWJ) are needed between letters of these scripts, and ZWJ between the parts of an emoji. */
const joined =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const emojiTail = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F/u;
const emojiHead = /\p{Extended_Pictographic}/u;
const keycapOrPictograph = /[\p{Extended_Pictographic}0-9#*]/u;

/** Control, bidi and invisible characters become `\u{hex}`; line feeds stay, as do emoji and the joiners that scripts need. */
export function visible(text: string): string {
  if (!hidden.test(text)) return text;
  const points = Array.from(text);
  return points
    .map((point, at) => (keeps(point, points[at - 1] ?? '', points[at + 1] ?? '') ? point : escaped(point)))
    .join('');
}

/** Like `visible`, on one line: for names, logs and terminals. */
export function oneLine(text: string): string {
  return visible(text).replace(/\n/gu, '\\n');
}

/** The beginning of a text, saying how much is missing. `limit` counts code points. */
export function shortened(text: string, limit: number): string {
  const points = Array.from(text);
  return points.length <= limit
    ? text
    : `${points.slice(0, limit).join('')}… (${points.length - limit} more characters)`;
}

/** What a person may see of a value to be written: at most its first and last 3 characters, and only if it is longer than 12. */
export function maskedPreview(value: string): string {
  const points = Array.from(value);
  const length = `${points.length} ${points.length === 1 ? 'character' : 'characters'}`;
  if (points.length <= 12) return `•••••• (${length})`;
  return `${oneLine(points.slice(0, 3).join(''))}••••••${oneLine(points.slice(-3).join(''))} (${length})`;
}

/** Comparing costs the product of the lengths; nobody mistypes a name as long as this. */
const longestMeant = 64;

/** The nearest of `known` names, if one is near enough to be meant; null if none is. */
export function didYouMean(name: string, known: readonly string[]): string | null {
  if (name.length > longestMeant) return null;
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: { name: string; distance: number } | null = null;
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    if (Math.abs(lower.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, lower, best === null ? limit : best.distance - 1);
    if (distance <= limit && (best === null || distance < best.distance)) best = { name: candidate, distance };
    if (best?.distance === 0) break;
  }
  return best?.name ?? null;
}

function keeps(point: string, before: string, after: string): boolean {
  if (point === '\n' || !hidden.test(point)) return true;
  if (point === '\uFE0F') return keycapOrPictograph.test(before);
  if (point === '\u200D' && emojiTail.test(before) && emojiHead.test(after)) return true;
  return (point === '\u200C' || point === '\u200D') && joined.test(before) && joined.test(after);
}

function escaped(point: string): string {
  return `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Levenshtein's distance; gives up, with a number above `limit`, as soon as it must exceed it. */
function editDistance(a: string, b: string, limit: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    if (Math.min(...next) > limit) return limit + 1;
    row = next;
  }
  return row[b.length] ?? 0;
}
