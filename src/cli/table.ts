/** Lines of cells, each column as wide as its longest cell. */
export function table(lines: readonly (readonly string[])[]): string {
  const width = (at: number): number => Math.max(...lines.map((line) => Array.from(line[at] ?? '').length));
  return lines
    .map((line) =>
      line
        .map((text, at) => text + ' '.repeat(width(at) - Array.from(text).length))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
