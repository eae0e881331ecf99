import type { Access, Attack, Claim, SetUp } from './attack.ts';
import { accesses, kinds, setUps, setUpTitles } from './attack.ts';

export const accessWords: Readonly<Record<Access, string>> = {
  tools: 'the tools',
  link: 'the link',
  shell: 'a shell',
  project: 'the project',
  state: 'the state',
};

/** What SECURITY.md says, by the name of its part. Made from the claims, which `npm run redteam` measures. */
export function markdownTables(attacks: readonly Attack[]): Readonly<Record<string, string>> {
  const tables = kinds.map(({ kind, part }) => [part, attackTable(attacks.filter((attack) => attack.kind === kind))]);
  return { 'redteam:factors': factorTable(attacks), ...(Object.fromEntries(tables) as Record<string, string>) };
}

/** Each factor against agents that have more and more; an agent that has more can do whatever one with less can. */
export function factorTable(attacks: readonly Attack[]): string {
  const columns: readonly (readonly [string, Access])[] = [
    ['an agent that sees the link', 'link'],
    ['reads the vault’s files', 'project'],
    ['writes the vault’s files', 'state'],
  ];
  const cell = (setUp: SetUp, most: Access): string => {
    const within = accesses.slice(0, accesses.indexOf(most) + 1);
    const forges = (attack: Attack): boolean => attack.kind === 'approval' && attack.claims[setUp] === 'succeeds';
    return attacks.some((attack) => within.includes(attack.gives) && forges(attack)) ? 'approves' : 'cannot';
  };
  const rows = setUps.map((setUp) => [setUpTitles[setUp], ...columns.map(([, most]) => cell(setUp, most))]);
  return tableOf(['factor', ...columns.map(([title]) => title)], rows);
}

function attackTable(attacks: readonly Attack[]): string {
  const words: Readonly<Record<Claim, string>> = { resisted: 'resisted', succeeds: '**gets in**', 'n/a': '' };
  const rows = attacks.map(({ title, gives, claims }) => [
    title,
    accessWords[gives],
    ...setUps.map((setUp) => words[claims[setUp]]),
  ]);
  return tableOf(['the agent tries to', 'it has', ...setUps.map((setUp) => setUpTitles[setUp])], rows);
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return `\n${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}\n`;
}
