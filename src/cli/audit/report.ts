import { oneLine } from '../../core/text.ts';
import type { Report, Verified } from '../../evidence/app.ts';
import { verifyExitCodes } from '../../evidence/app.ts';
import { jsonLine } from './json.ts';

/** What was found out about a log, for a person. */
export function reportText(file: string, { report, strangers }: Verified): string {
  const found = report.kind === 'unreadable' ? [] : [...figures(report), ...ignored(strangers)];
  return [`${oneLine(file)}: ${verdict(report)}`, ...problems(report), ...found, ...limits(report)].join('\n');
}

/** For programs. */
export function reportJson(file: string, { report, strangers }: Verified): string {
  return jsonLine({ file, exitCode: verifyExitCodes[report.kind], ...report, ignoredAnchorLines: strangers });
}

function verdict({ kind, why, problems: [first], unanchored, anchors }: Report): string {
  if (kind === 'intact') return 'intact';
  if (kind === 'unreadable') return `it is unreadable: ${why ?? ''}`;
  if (kind === 'tampered') return first?.row == null ? 'TAMPERED' : `TAMPERED, first at row ${first.row}`;
  const since = anchors === 0 ? 'there is no anchor' : 'after the last anchor';
  return `intact, but ${since}: for ${counted(unanchored, 'row')} at the end there is this file alone`;
}

/** So many are said; the rest is counted. */
const most = 20;

function problems({ problems: all, problemCount }: Report): string[] {
  const lines = all.slice(0, most).map(({ row, says }) => `  ${row === null ? '' : `row ${row}: `}${oneLine(says)}`);
  const more = problemCount - lines.length;
  return more > 0 ? [...lines, `  and ${counted(more, 'problem')} more`] : lines;
}

function figures(report: Report): string[] {
  const { origin, rows, pruned, last, head, decisions, signed, checkpoints, uncovered, anchors } = report;
  const lines = [
    ['log', origin ?? 'has no name yet'],
    ['rows', `${counted(rows, 'row')}${pruned > 0 ? `, after ${pruned} that were pruned` : ''}`],
    ['head', last === 0 ? 'none' : `row ${last}, ${head}`],
    ['decisions', `${counted(decisions, 'decision')}; ${counted(signed, 'row')} signed by a passkey, checked`],
    ['checkpoints', `${counted(checkpoints, 'checkpoint')}; ${counted(uncovered, 'row')} after the last`],
    ['anchors', counted(anchors, 'anchor')],
  ];
  return lines.map(([title = '', text = '']) => `  ${title.padEnd(11)}  ${oneLine(text)}`);
}

function ignored(strangers: number): string[] {
  return strangers === 0 ? [] : [`  ${counted(strangers, 'line')} of the anchors hold no anchor`];
}

function limits({ limits: all }: Report): string[] {
  return all.length === 0 ? [] : ['what this check cannot know', ...all.map((text) => `  ${oneLine(text)}`)];
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}
