/** Columns of a terminal that a text takes, about: East Asian letters and emoji take two, marks over others none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const point of text) width += pointWidth(point);
  return width;
}

/** The beginning of a text, with an ellipsis if something is missing. @param width at least 1 */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const point of text) {
    left -= pointWidth(point);
    if (left < 0) break;
    kept += point;
  }
  return `${kept}…`;
}

/** With spaces behind it. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

const none = /^(?:\p{M}|\u200c|\u200d|\ufe0e|\ufe0f)$/u;
const two =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u;

function pointWidth(point: string): number {
  if (point < '\u0300') return 1;
  if (none.test(point)) return 0;
  return two.test(point) ? 2 : 1;
}
