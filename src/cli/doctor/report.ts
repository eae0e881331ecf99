import { oneLine } from '../../core/text.ts';
import type { Finding, Level, Report } from '../../doctor/inspect.ts';
import { table } from '../table.ts';

/** For a person: a line for each finding, what to do below it, and the tier at the end. */
export function reportText({ findings, tier }: Report): string {
  const lines = findings.flatMap(linesOf);
  const reached = tier.reached === null ? 'no tier' : `tier ${tier.reached} of 3`;
  const next = tier.next === null ? [] : [`next: ${oneLine(tier.next)}`];
  return [table(lines), '', `${reached}: ${oneLine(tier.says)}`, ...next, summary(findings)].join('\n');
}

/** For programs. */
export function reportJson(report: Report): string {
  return JSON.stringify({ ok: isSound(report), ...report }, null, 2);
}

/** Whether nothing is broken. */
export function isSound({ findings }: Report): boolean {
  return findings.every(({ level }) => level !== 'problem');
}

const words: Record<Level, string> = { ok: 'ok', note: 'note', problem: 'PROBLEM' };

function linesOf({ check, level, says, fix }: Finding): string[][] {
  const line = [words[level], oneLine(check), oneLine(says)];
  return fix === null ? [line] : [line, ['', '', `-> ${oneLine(fix)}`]];
}

function summary(findings: readonly Finding[]): string {
  const problems = findings.filter(({ level }) => level === 'problem').length;
  if (problems === 0) return '\nNothing is broken.';
  return `\n${problems} ${problems === 1 ? 'thing is' : 'things are'} broken.`;
}
