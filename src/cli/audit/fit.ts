import { cut, padded, widthOf } from './width.ts';

export interface Column {
  readonly title: string;
  /** The columns that it is cut down to if the terminal is too narrow; without it, it is never cut. */
  readonly least?: number;
}

/** Lines with a title, none wider than `width` if that can be. What is cut ends with an ellipsis. */
export function fit(columns: readonly Column[], lines: readonly (readonly string[])[], width: number): string[] {
  const all = [columns.map(({ title }) => title), ...lines];
  const widths = columns.map((_, at) => Math.max(...all.map((line) => widthOf(line[at] ?? ''))));
  shrink(widths, columns, width);
  return all.map((line) => {
    const cells = widths.map((each, at) => padded(cut(line[at] ?? '', each), each));
    return cells.join(gap).trimEnd();
  });
}

const gap = '  ';

/** Takes from the widest until all fits. */
function shrink(widths: number[], columns: readonly Column[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1) - width;
  while (excess > 0) {
    const spare = widths.map((each, at) => each - (columns[at]?.least ?? Infinity));
    const widest = widths.reduce((best, each, at) => {
      const isWider = (spare[at] ?? 0) > 0 && (best < 0 || each > (widths[best] ?? 0));
      return isWider ? at : best;
    }, -1);
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}
