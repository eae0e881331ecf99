import type { Attack, SetUp } from './attack.ts';
import { kinds } from './attack.ts';
import { accessWords, factorTable } from './markdown.ts';
import type { Measurement } from './measurement.ts';

export interface ReportParts {
  readonly attacks: readonly Attack[];
  readonly setUps: readonly SetUp[];
  /** Only attacks whose id contains this were run. */
  readonly only: string;
  readonly measured: readonly Measurement[];
  /** Whether what was not run may be missing. */
  readonly mayMiss: boolean;
}

interface Cell {
  readonly attack: Attack;
  readonly setUp: SetUp;
  readonly result: Measurement['result'] | 'n/a';
  readonly why: string | null;
}

/** Everything that was measured, for a terminal; and whether it is all as claimed. */
export function report(parts: ReportParts): { readonly text: string; readonly isAsClaimed: boolean } {
  const cells = parts.attacks
    .filter(({ id }) => id.includes(parts.only))
    .map((attack) => parts.setUps.map((setUp) => cellOf(parts, attack, setUp)));
  const all = cells.flat();
  const wrong = all.filter((cell) => isWrong(cell, parts.mayMiss));
  const ofKind = (kind: Attack['kind']): typeof cells => cells.filter(([cell]) => cell?.attack.kind === kind);
  const tables = kinds.map(({ kind, title }) => table(title, ofKind(kind), parts.setUps)).filter((text) => text !== '');
  const count = (result: Cell['result']): number => all.filter((cell) => cell.result === result).length;
  const counts = `${cells.length} attacks, ${all.length - count('n/a')} cells: ${count('resisted')} resisted, ${count('succeeds')} got in, ${count('not run')} not run`;
  const verdict = wrong.length === 0 ? 'all as claimed' : `${wrong.length} not as claimed:\n${explanations(wrong)}`;
  const factors =
    parts.only === '' && wrong.length === 0 ? `\nWho may approve, as measured\n\n${factorTable(parts.attacks)}` : '';
  return { text: `${tables.join('\n')}${factors}\n${counts}; ${verdict}\n`, isAsClaimed: wrong.length === 0 };
}

function cellOf({ measured }: ReportParts, attack: Attack, setUp: SetUp): Cell {
  const found = measured.find((each) => each.id === attack.id && each.setUp === setUp);
  if (attack.claims[setUp] === 'n/a') return { attack, setUp, result: 'n/a', why: null };
  return {
    attack,
    setUp,
    result: found?.result ?? 'not run',
    why: found?.why ?? null,
  };
}

function isWrong({ attack, setUp, result }: Cell, mayMiss: boolean): boolean {
  return result !== attack.claims[setUp] && !(mayMiss && result === 'not run');
}

/** A line for each, and one for a set-up that was not measured at all. */
function explanations(wrong: readonly Cell[]): string {
  const isLost = ({ result, why }: Cell): boolean => result === 'not run' && why === null;
  const lost = new Set(wrong.filter(isLost).map(({ setUp }) => setUp));
  const lines = [...lost].map((setUp) => `  ${setUp}: could not be measured on this machine, or ended early\n`);
  return [...lines, ...wrong.filter((cell) => !isLost(cell)).map(explained)].join('');
}

function explained({ attack, setUp, result, why }: Cell): string {
  const claimed = attack.claims[setUp] === 'succeeds' ? 'said to get in' : 'said to be resisted';
  return `  ${attack.id} on ${setUp}: ${words[result]}, ${claimed}${why === null ? '' : ` (${why})`}\n`;
}

const words: Readonly<Record<Cell['result'], string>> = {
  resisted: 'resisted',
  succeeds: 'gets in',
  'not run': 'not run',
  'n/a': '',
};
const titleWidth = 110;

function table(title: string, rows: readonly (readonly Cell[])[], setUps: readonly SetUp[]): string {
  if (rows.length === 0) return '';
  const line = (first: string, has: string, rest: readonly string[]): string =>
    `  ${first.padEnd(titleWidth)} ${has.padEnd(12)} ${rest.map((word) => word.padEnd(10)).join(' ')}`.trimEnd() + '\n';
  const head = line('', 'agent has', setUps);
  const body = rows.map((cells) => {
    const [{ attack } = { attack: null }] = cells;
    if (attack === null) return '';
    const marked = cells.map((cell) => words[cell.result] + (isWrong(cell, false) ? ' !' : ''));
    return line(attack.title, accessWords[attack.gives], marked);
  });
  return `${title}\n${head}${body.join('')}`;
}
