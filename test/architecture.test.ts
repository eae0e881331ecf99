import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** Who may import whom: folder (or top-level file) to the folders it sees besides itself. */
const sees: Record<string, readonly string[] | 'all'> = {
  core: [],
  platform: ['core'],
  store: ['core', 'platform'],
  providers: ['core', 'platform'],
  tunnels: ['core', 'platform'],
  notifiers: ['core', 'platform'],
  approvers: ['core', 'platform', 'store'],
  audit: ['core', 'platform', 'store'],
  webhooks: ['core', 'platform', 'store'],
  web: ['core', 'platform', 'approvers'],
  mcp: ['core'],
  config: ['core', 'providers/index.ts', 'tunnels/index.ts', 'approvers/index.ts', 'webhooks/config.ts'],
  trust: ['core', 'platform', 'config'],
  'record.ts': ['core', 'audit', 'trust', 'webhooks'],
  pairing: ['core', 'platform', 'config', 'approvers', 'trust', 'web', 'record.ts'],
  doctor: ['core', 'platform', 'store', 'config', 'approvers', 'audit', 'trust'],
  evidence: ['core', 'platform', 'store', 'config', 'approvers', 'audit', 'trust', 'webhooks'],
  cli: [
    'config',
    'core',
    'platform',
    'app.ts',
    'mcp',
    'pairing/app.ts',
    'doctor/inspect.ts',
    'evidence/app.ts',
    'evidence/webhooks.ts',
  ],
  'app.ts': 'all',
  'main.ts': 'all',
};

/** One folder owns each foreign library. */
const owners: Record<string, readonly string[] | 'all'> = {
  zod: 'all',
  '@modelcontextprotocol/sdk': ['mcp'],
  'better-sqlite3': ['store'],
  express: ['web'],
  eta: ['web'],
  '@ngrok/ngrok': ['tunnels'],
  '@1password/sdk': ['providers'],
  dotenv: ['providers'],
  nanoid: ['platform'],
  qrcode: ['cli'],
  '@simplewebauthn/server': ['approvers'],
  otpauth: ['approvers'],
  tldts: ['approvers'],
};

/** Without I/O, a clock or randomness of its own. (Of node:crypto, core may only use hashes: the next test looks.) */
const pureModules = ['node:crypto'];

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap(importsOf);
const own = imports
  .filter(({ to }) => to.startsWith('.'))
  .map(({ from, to }) => ({ from, to: relative(root, resolve(root, dirname(from), to)) }));
const foreign = imports.filter(({ to }) => !to.startsWith('.'));

describe('the import rules', () => {
  it('are looked for in all of the code', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(own.length).toBeGreaterThan(files.length);
    expect(new Set(files.map(place)).difference(new Set(Object.keys(sees)))).toEqual(new Set());
  });

  it('hold for every import of our own files', () => {
    expect(own.filter(({ from, to }) => !maySee(from, to))).toEqual([]);
  });

  it('let plug-ins of one folder alone: providers and tunnels never see each other', () => {
    const plugins = own.filter(({ from }) => /^(providers|tunnels)\//.test(from));
    expect(plugins.filter(({ from, to }) => /^(providers|tunnels)\//.test(to) && place(from) !== place(to))).toEqual(
      [],
    );
  });

  it('give each foreign library one owner', () => {
    const packages = foreign.filter(({ to }) => !to.startsWith('node:'));
    const strays = packages.filter(({ from, to }) => {
      const owner = owners[packageOf(to)];
      return owner === undefined || (owner !== 'all' && !owner.includes(place(from)));
    });
    expect(strays).toEqual([]);
  });

  it('keep core pure', () => {
    const modules = foreign.filter(({ from, to }) => place(from) === 'core' && to.startsWith('node:'));
    expect(modules.filter(({ to }) => !pureModules.includes(to))).toEqual([]);
    const code = files.filter((file) => place(file) === 'core').map((file) => readFileSync(join(root, file), 'utf8'));
    expect(
      code.filter((text) =>
        /\b(Date\.now|Math\.random|setTimeout|setInterval|randomBytes|randomUUID|performance\.)/.test(text),
      ),
    ).toEqual([]);
  });

  it('leave no cycle', () => {
    expect(cycles(own)).toEqual([]);
  });

  it('would notice a wrong arrow, a stray library and a cycle', () => {
    expect(maySee('core/broker.ts', 'store/database.ts')).toBe(false);
    expect(maySee('config/load.ts', 'providers/env-file.ts')).toBe(false);
    expect(maySee('web/app.ts', 'mcp/server.ts')).toBe(false);
    expect(
      cycles([
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a' },
      ]),
    ).not.toEqual([]);
  });
});

/** Static, type-only and dynamic imports alike, as TypeScript finds them. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => ({ from: file, to: fileName }));
}

/** "core" for core/broker.ts, "app.ts" for app.ts. */
function place(file: string): string {
  return file.split('/')[0] ?? '';
}

function maySee(from: string, to: string): boolean {
  const allowed = sees[place(from)];
  if (allowed === 'all' || place(from) === place(to)) return true;
  return (allowed ?? []).includes(place(to)) || (allowed ?? []).includes(to);
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Files that can reach themselves. */
function cycles(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const reaches = (start: string): boolean => {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      for (const { to } of next.get(file) ?? []) {
        if (to === start) return true;
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    }
    return false;
  };
  return [...next.keys()].filter(reaches);
}
