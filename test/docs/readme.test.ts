import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
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
import { Secret } from '../../src/core/secret.ts';
import { budgetMs } from '../../src/mcp/budget.ts';
import { wants } from '../../src/webhooks/events.ts';
import { formatPlugins } from '../../src/webhooks/formats/index.ts';
import { delays } from '../../src/webhooks/schedule.ts';
import { signingKey } from '../../src/webhooks/sign.ts';
import { httpFormat, samples } from '../webhooks/formats/samples.ts';
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
    const sent = JSON.parse(httpFormat('json').item(samples['approved']!)) as object;
    expect(Object.keys(JSON.parse(example ?? '{}') as object)).toEqual(Object.keys(sent));
  });

  it('says which events go out without being asked for by name', () => {
    const [, all = ''] = /`"all"`\s\(the default\): ([^.]+)\./u.exec(section('## Webhooks')) ?? [];
    const names = [...auditActions, 'checkpoint'] as const;
    expect([...all.matchAll(/`(\w+)`/gu)].map(([, name]) => name)).toEqual(names.filter((name) => wants('all', name)));
  });

  it('has the schedule of tries', () => {
    const [, said = ''] = /tried again after ([^,]+(?:, [^,]+)* and [^,]+), each/u.exec(section('### Delivery').replaceAll('\n', ' ')) ?? [];
    const units: Record<string, number> = { s: 1000, min: 60_000, h: 3_600_000 };
    const times = [...said.matchAll(/(\d+) (s|min|h)\b/gu)].map(([, count, unit]) => Number(count) * units[unit!]!);
    expect(times).toEqual(delays);
  });

  it('has every format, as it writes an event', () => {
    const rows = tableRows(section('### Formats')).filter((row) => row.length > 2);
    expect(rows.map((row) => codes(row)[0]).sort()).toEqual(formatPlugins.map(({ type }) => type).sort());
    for (const [type = '', looks = ''] of rows.map((row) => [codes(row)[0], row[1]])) {
      // Discord's is said to be like Slack's, and syslog comes with a transport of its own.
      if (type === 'discord' || type === 'syslog') continue;
      let rest = writtenAs(type);
      for (const piece of looks.split(/…|` and `/u).map(plain).filter((text) => text !== '')) {
        expect(rest, type).toContain(piece);
        rest = rest.slice(rest.indexOf(piece) + piece.length);
      }
    }
  });

  it('has the way from an Ed25519 secret to its public key', () => {
    const [command = ''] = blocksIn(section('### Signatures').replaceAll(/^ {2}/gmu, ''), 'sh');
    const secret = `whsk_${randomBytes(32).toString('base64')}`;
    const env = { ...process.env, LOG_SIGNING_SECRET: secret };
    const printed = execFileSync('sh', ['-c', command], { env, encoding: 'utf8' });
    expect(printed.trim()).toBe(signingKey(new Secret(secret)).publicKey);
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

/** An approval in a format, in one line; chats as they show it. */
function writtenAs(type: string): string {
  const event = samples['approved']!;
  const item = httpFormat(type).item(event);
  if (type !== 'slack') return item;
  const { text } = JSON.parse(item) as { text: string };
  return plain(text.replaceAll('\n', ' '));
}

function plain(markdown: string): string {
  return markdown.replaceAll('\\|', '|').replaceAll(/[`*]/gu, '').trim();
}

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
