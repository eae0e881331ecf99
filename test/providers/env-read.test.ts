import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { VaultError } from '../../src/core/errors.ts';
import { expectNoValue } from '../contract/provider-contract.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { call, envBench, openBench, temporaryFolder } from './env-bench.ts';
import type { EnvBench } from './env-bench.ts';

const run = promisify(execFile);

async function read({ provider }: EnvBench): Promise<Record<string, string>> {
  const listed = await provider.list(call);
  const fetched = await provider.fetch(listed, call);
  return Object.fromEntries(listed.map(({ name }, at) => [name, fetched[at]?.reveal() ?? '']));
}

describe('reading an env file', () => {
  it('follows dotenv: quotes, export, comments, several lines, the last of two, no interpolation', async () => {
    const bench = await envBench(
      `\uFEFFexport A = one # two\r\nB: 'x # y'\r\nC="1\\n2"\r\nD='a\r\nb'\r\nE=$A\r\nA=last\r\n# F=1\r\n`,
    );
    expect(await read(bench)).toEqual({ A: 'last', B: 'x # y', C: '1\n2', D: 'a\nb', E: '$A' });
  });

  it('knows constructor only when the file has it, and never __proto__', async () => {
    const without = await envBench('A=1\n');
    expect(await without.provider.resolve(['constructor', '__proto__', 'toString'], call)).toEqual([null, null, null]);
    const having = await envBench('constructor=real\n__proto__=x\n');
    expect(await having.provider.resolve(['constructor', '__proto__'], call)).toEqual([
      { id: 'constructor', name: 'constructor' },
      null,
    ]);
    expect(await read(having)).toEqual({ constructor: 'real' });
  });

  it('sees an edit, a replacement and a removal made while it runs', async () => {
    const bench = await envBench('A=1\n');
    expect(await read(bench)).toEqual({ A: '1' });
    await writeFile(bench.path, 'A=2\nB=3\n');
    expect(await read(bench)).toEqual({ A: '2', B: '3' });
    await rename(bench.path, `${bench.path}.old`);
    await expect(bench.provider.list(call)).rejects.toThrow(/does not exist/u);
  });

  it('sees an edit that leaves the size as it was', async () => {
    const bench = await envBench('OLD=1\n');
    expect(await bench.provider.resolve(['OLD', 'NEW'], call)).toEqual([{ id: 'OLD', name: 'OLD' }, null]);
    // File systems count time in ticks of some milliseconds.
    await setTimeout(20);
    await writeFile(bench.path, 'NEW=1\n');
    expect(await bench.provider.resolve(['OLD', 'NEW'], call)).toEqual([null, { id: 'NEW', name: 'NEW' }]);
  });

  it('lists 10,000 names', async () => {
    const bench = await envBench(Array.from({ length: 10_000 }, (_, at) => `NAME_${at}=value\n`).join(''));
    expect(await bench.provider.list(call)).toHaveLength(10_000);
  });

  it('prints nothing on stdout, which carries the protocol, whatever dotenv is told in the environment', async () => {
    vi.stubEnv('DOTENV_DEBUG', '1');
    const printed = vi.spyOn(process.stdout, 'write');
    await read(await envBench('A=1\n'));
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
    vi.unstubAllEnvs();
  });
});

describe('an env file that cannot be read', () => {
  it.each<[string, RegExp, (bench: EnvBench) => Promise<unknown>]>([
    ['missing', /does not exist/u, async () => undefined],
    ['a folder', /is a folder/u, ({ path }) => mkdir(path)],
    ['a pipe that nobody writes to', /is not a regular file/u, ({ path }) => run('mkfifo', [path])],
    ['a link in a circle', /is not a regular file/u, ({ path }) => symlink(path, path)],
    [
      'larger than 4 MiB',
      /larger than 4 MiB/u,
      ({ path }) => writeFile(path, '').then(() => truncate(path, 4 * 1024 * 1024 + 1)),
    ],
    [
      'in UTF-16, as PowerShell writes it',
      /UTF-16/u,
      ({ path }) => writeFile(path, '\uFEFFCANARY_NAME=canary', 'utf16le'),
    ],
    [
      'full of blank lines',
      /has more than 100 blank lines in a row/u,
      ({ path }) => writeFile(path, `!${'\n'.repeat(100_000)}CANARY_NAME=canary`),
    ],
    [
      'full of lines that are blank and long',
      /has too many blank lines, or too long ones/u,
      ({ path }) => writeFile(path, `!${`${' '.repeat(9_000)}\n`.repeat(99)}CANARY_NAME=canary`),
    ],
  ])('is unavailable with the reason when it is %s', async (_, message, make) => {
    const bench = await envBench(null);
    await make(bench);
    const { provider } = bench;
    const attempts = [
      () => provider.list(call),
      () => provider.resolve(['A'], call),
      () => provider.fetch([{ id: 'A', name: 'A' }], call),
    ];
    for (const attempt of attempts) {
      const error: unknown = await attempt().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(VaultError);
      expect(String(error)).toMatch(message);
      expect(String(error)).toContain('the env file .env.secrets ');
      expect(error instanceof VaultError ? `${error.failure} ${error.hint ?? ''}` : '').toMatch(/_unavailable .+/u);
      expectNoValue(error, ['canary']);
    }
  });

  it('is unavailable with the reason when we have no right to read it', async () => {
    const bench = await envBench('A=1\n', { mode: 0o000 });
    await chmod(bench.folder, 0o755);
    const error = asOrdinaryUser(() => bench.provider.list(call));
    await expect(error).rejects.toMatchObject({
      failure: 'vault_unavailable',
      message: 'the env file .env.secrets may not be read',
    });
  });

  it('shows a hostile file name harmlessly', async () => {
    const bench = await openBench(await temporaryFolder(), '\u202Egnp\n.env');
    await expect(bench.provider.list(call)).rejects.toThrow('the env file \\u{202e}gnp\\n.env does not exist');
  });
});

describe('an env file that is not well kept', () => {
  it('is read, and warned about once, when its group can write it', async () => {
    const bench = await envBench('A=1\n', { mode: 0o660 });
    expect([await read(bench), await read(bench)]).toEqual([{ A: '1' }, { A: '1' }]);
    expect(bench.said).toEqual(['the env file .env.secrets can be written by its group']);
  });

  it('is read, and warned about once, when everybody can write it', async () => {
    const bench = await envBench('A=1\n', { mode: 0o666 });
    expect([await read(bench), await read(bench)]).toEqual([{ A: '1' }, { A: '1' }]);
    expect(bench.said).toEqual([expect.stringMatching(/every user/u)]);
  });

  it('is read, and warned about once, when it is linked to a place outside', async () => {
    const outside = await envBench('A=1\n');
    const folder = await temporaryFolder();
    await symlink(outside.path, join(folder, 'linked.env'));
    const bench = await openBench(folder, 'linked.env');
    expect([await read(bench), await read(bench)]).toEqual([{ A: '1' }, { A: '1' }]);
    expect(bench.said).toEqual([expect.stringMatching(/outside the config's folder/u)]);
  });

  it.each(['2', '3'])('is read, and warned about once, when git tracks it (index version %s)', async (version) => {
    const bench = await envBench('A=1\n');
    const git = (...args: string[]): Promise<unknown> =>
      run('git', ['-C', bench.folder, ...args], { env: { PATH: process.env['PATH'] } });
    await git('init', '--quiet');
    await writeFile(join(bench.folder, 'my.env.secrets'), 'not ours');
    await git('add', '--force', 'my.env.secrets');
    expect(await read(bench)).toEqual({ A: '1' });
    expect(bench.said).toEqual([]);
    await git('add', '--force', '.env.secrets');
    if (version === '3') await git('rm', '--quiet', '--cached', '.env.secrets');
    if (version === '3') await git('add', '--force', '--intent-to-add', '.env.secrets');
    const later = await openBench(bench.folder, '.env.secrets');
    expect([await read(later), await read(later)]).toEqual([{ A: '1' }, { A: '1' }]);
    expect(later.said).toEqual([expect.stringMatching(/tracked by git/u)]);
  });

  it('is said nothing about when it is kept well', async () => {
    const bench = await envBench('A=1\n');
    await bench.set({ A: '2', B: '3' });
    expect(await read(bench)).toEqual({ A: '2', B: '3' });
    expect(bench.said).toEqual([]);
  });
});
