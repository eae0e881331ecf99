import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** Every page that a reader may come to, relative to the root. */
export const pages: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The lines from one heading to the next of its level or above, without the heading. */
export function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`there is no heading "${heading}"`);
  const rest = text.slice(start + heading.length + 2);
  const level = heading.indexOf(' ');
  const end = new RegExp(`^#{1,${level}} `, 'mu').exec(rest)?.index;
  return rest.slice(0, end);
}

/** The rows of every table in a text as cells, without the rows that head them. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n');
  return lines
    .filter((line, at) => line.startsWith('| ') && !isRule(line) && !isRule(lines[at + 1] ?? ''))
    .map((line) => line.slice(2, -2).split(' | '));
}

/** The contents of the fenced blocks in one language. */
export function blocksIn(text: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gmu');
  return [...text.matchAll(fence)].map(([, block]) => block!);
}

/** The part of a page that is made from code, between its two markers. With UPDATE_DOCS=1 it is written anew first. */
export function generatedPart(path: string, name: string, wanted: string): string {
  const [start, end] = [`<!-- ${name}:start -->\n`, `<!-- ${name}:end -->`];
  const text = textOf(path);
  const [before, part, after] = splitTwice(text, start, end);
  if (process.env['UPDATE_DOCS'] !== '1') return part;
  writeFileSync(join(root, path), before + start + wanted + end + after);
  return wanted;
}

function isRule(line: string): boolean {
  return line.startsWith('| ---');
}

function splitTwice(text: string, start: string, end: string): [string, string, string] {
  const from = text.indexOf(start);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`the markers ${start.trim()} and ${end} are missing`);
  return [text.slice(0, from), text.slice(from + start.length, to), text.slice(to + end.length)];
}
