import { oneLine } from '../../core/text.ts';
import type { Count, Stats } from '../../evidence/app.ts';
import { cut, padded, widthOf } from './width.ts';

/** Bars of how often what happened, for a terminal so many columns wide. */
export function statsChart({ rows, actions, vaults, agents, days }: Stats, width: number): string {
  if (rows === 0) return 'no rows';
  const charts = [
    chart('actions', actions, width),
    chart('vaults', most(vaults), width),
    chart('agents', most(agents), width),
    chart('days (UTC)', days.slice(-mostDays), width),
  ];
  return charts.filter((each) => each !== '').join('\n\n');
}

/** The others are one line. */
const mostLines = 10;
const mostDays = 31;
const widestBar = 60;

function most(counts: readonly Count[]): readonly Count[] {
  const rest = counts.slice(mostLines);
  if (rest.length === 0) return counts;
  const rows = rest.reduce((sum, each) => sum + each.rows, 0);
  return [...counts.slice(0, mostLines), { what: `${rest.length} others`, rows }];
}

function chart(title: string, counts: readonly Count[], width: number): string {
  if (counts.length === 0) return '';
  const labels = counts.map(({ what }) => cut(oneLine(what), 32));
  const numbers = counts.map(({ rows }) => rows.toLocaleString('en'));
  const [label, number] = [labels, numbers].map((texts) => Math.max(...texts.map(widthOf)));
  const room = Math.max(5, Math.min(widestBar, width - (label ?? 0) - (number ?? 0) - 6));
  const top = Math.max(...counts.map(({ rows }) => rows));
  const lines = counts.map(({ rows }, at) => {
    const text = `  ${padded(labels[at] ?? '', label ?? 0)}  ${(numbers[at] ?? '').padStart(number ?? 0)}  `;
    return text + bar((rows / top) * room);
  });
  return [title, ...lines].join('\n');
}

/** In eighths of a column, and never nothing. */
function bar(length: number): string {
  const eighths = Math.max(1, Math.round(length * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '');
}
