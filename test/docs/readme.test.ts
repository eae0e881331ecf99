import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { columns } from '../../src/audit/chain.ts';
import { usage } from '../../src/cli/specs.ts';
import { interruptedCode } from '../../src/cli/terminal.ts';
import { configReference } from '../../src/config/reference.ts';
import { auditActions } from '../../src/core/audit-row.ts';
import { exitCodes } from '../../src/core/errors.ts';
import { limits } from '../../src/core/input.ts';
import { budgetMs } from '../../src/mcp/budget.ts';
import { eventsOf } from '../../src/webhooks/events.ts';
import { committedRow } from '../webhooks/support.ts';
import { blocksIn, generatedPart, root, sectionOf, tableRows, textOf } from './markdown.ts';

const readme = textOf('README.md');
const section = (heading: string): string => sectionOf(readme, heading);
/** What stands between the first pair of backticks of each of a row's cells; the cell itself where there is none. */
const codes = (row: string[]): string[] => row.map((cell) => /`([^`]+)`/u.exec(cell)?.[1] ?? cell);

describe('the README', () => {
  it('has every key of the config, as the code says it', () => {
    const rows = configReference().map(
      ({ key, type, default: value, about }) =>
        `| \`${key}\` | ${type} | ${value === null ? '' : `\`${value}\``} | ${about} |\n`,
    );
    const table = `\n| key | may be | default | what it is for |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
    expect(generatedPart('README.md', 'config', table)).toBe(table);
  });

  it('shows what --help prints', () => {
    const block = `\n\`\`\`text\n${usage}\`\`\`\n\n`;
    expect(generatedPart('README.md', 'help', block)).toBe(block);
  });

  it('has the tools with their parameters, as clients see them', () => {
    const tools = JSON.parse(textOf('test/fixtures/tools.json')) as Tool[];
    const expected = tools.map((tool) => [`\`${tool.name}\``, parametersOf(tool)]);
    const documented = tableRows(section('## Tools')).map((row) => row.slice(0, 2));
    expect(documented.slice(0, tools.length)).toEqual(expected);
  });

  it('has the limits of a call', () => {
    const text = section('## Tools').replaceAll('\n', ' ');
    for (const limit of [
      `${limits.name} characters`,
      `${limits.names} names a call`,
      `1 to ${limits.reason.toLocaleString('en')} characters`,
      `${limits.valueBytes / 1024} KiB`,
    ])
      expect(text).toContain(limit);
  });

  it('says how long each client is kept waiting', () => {
    const rows = tableRows(section('#### How long each client waits'));
    expect(rows.length).toBeGreaterThan(4);
    for (const row of rows) {
      const wait = budgetMs(codes(row)[1]!, null);
      const said = Number.isFinite(wait) ? `${wait / 1000} s` : "never: it waits for the request's expiry";
      expect([row[0], row[3]]).toEqual([row[0], said]);
    }
  });

  it('has the columns and the actions of the audit log', () => {
    const documented = tableRows(section('## Audit log')).flatMap((row) =>
      [...row[0]!.matchAll(/`(\w+)`/gu)].map(([, word]) => word),
    );
    expect(documented).toEqual(['id', ...columns, 'prev_hash', 'hash', ...auditActions]);
  });

  it('shows the whole payload of a webhook, in its order', () => {
    const example = blocksIn(section('## Webhooks'), 'json').find((block) => block.includes('"event"'));
    const [event] = eventsOf([committedRow(1)]);
    expect(Object.keys(JSON.parse(example ?? '{}') as object)).toEqual(Object.keys(event!));
  });

  it('has every environment variable that config and state folder read, and no other', () => {
    const source = readdirSync(join(root, 'src/config')).map((name) => textOf(`src/config/${name}`));
    const read = [...source, textOf('src/platform/state.ts')]
      .join('').matchAll(/(?:env\[|variables\()'([A-Z][A-Z0-9_]+)'/gu);
    const documented = tableRows(section('## Configuration'))
      .map((row) => codes(row)[0]!)
      .filter((name) => /^[A-Z0-9_]+$/u.test(name));
    expect(documented.sort()).toEqual([...new Set([...read].map(([, name]) => name!))].sort());
  });

  it('has the exit codes that a command can end with', () => {
    const documented = [...section('## Command line').matchAll(/(?:codes: |; )(\d+) /gu)].map(([, code]) => Number(code));
    const ends = ['config_invalid', 'input_invalid', 'approval_unavailable', 'internal'] as const;
    expect(documented).toEqual([0, ...ends.map((failure) => exitCodes[failure]), interruptedCode]);
  });

  it('names only scripts that there are', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run )?([\w:]+)/gu)].map(([, name]) => name!);
    const builtIn = ['ci', 'install', 'packages', '12'];
    expect(named.filter((name) => !builtIn.includes(name) && !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

describe('the changelog', () => {
  it('begins with this version', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    expect(/^## (\S+) - \d{4}-\d\d-\d\d$/mu.exec(textOf('CHANGELOG.md'))?.[1]).toBe(version);
  });
});

interface Tool {
  readonly name: string;
  readonly inputSchema: { readonly properties: Readonly<Record<string, Parameter>> };
}

interface Parameter {
  readonly type: string;
  readonly items?: { readonly properties?: Readonly<Record<string, unknown>> };
}

function parametersOf({ inputSchema }: Tool): string {
  const described = Object.entries(inputSchema.properties).map(([name, { type, items }]) => {
    const inner = Object.keys(items?.properties ?? {}).map((key) => `\`${key}\``);
    return `\`${name}${type === 'array' ? '[]' : ''}\`${inner.length === 0 ? '' : ` of ${inner.join(' and ')}`}`;
  });
  return described.length === 0 ? 'none' : described.join(', ');
}
