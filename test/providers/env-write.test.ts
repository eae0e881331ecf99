import { appendFileSync, readdirSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parse } from 'dotenv';
import { describe, expect, it } from 'vitest';
import { expectNoValue } from '../contract/provider-contract.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { call, envBench, openBench, temporaryFolder } from './env-bench.ts';
import type { EnvBench } from './env-bench.ts';

const kept = `# keep me\r\nexport A = 'one' # why\r\n\r\n  B=2`;

async function refusal({ plan }: EnvBench, values: Record<string, string>): Promise<unknown> {
  const error: unknown = await plan(values).catch((thrown: unknown) => thrown);
  expectNoValue(error, Object.values(values));
  return error;
}

describe('writing an env file', () => {
  it('changes the one value, adds the new one and keeps the rest to the byte', async () => {
    const bench = await envBench(kept);
    await bench.set({ A: "it's", NEW: 'two\nlines' });
    expect(await bench.text()).toBe(`# keep me\r\nexport A = "it's" # why\r\n\r\n  B=2\r\nNEW='two\r\nlines'`);
  });

  it.each([0o600, 0o640, 0o644, 0o660])('keeps the mode %o', async (mode) => {
    const bench = await envBench('A=1\n', { mode });
    await bench.set({ A: '2' });
    expect((await stat(bench.path)).mode & 0o777).toBe(mode);
  });

  it('makes a missing file that only its owner can read, and leaves nothing else in the folder', async () => {
    const bench = await envBench(null);
    await bench.set({ A: 'new' });
    expect(await bench.text()).toBe(`A='new'\n`);
    expect((await stat(bench.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(bench.folder)).toEqual(['.env.secrets']);
  });

  it('replaces the last of several assignments and says so', async () => {
    const bench = await envBench('A=1\nA=2\n');
    await bench.set({ A: '3' });
    expect(await bench.text()).toBe(`A=1\nA='3'\n`);
    expect(bench.said).toEqual([expect.stringMatching(/A is assigned 2 times/u)]);
  });

  it('follows a link inside the config folder and leaves the link in place', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'secrets'));
    await writeFile(join(folder, 'secrets', 'real.env'), 'A=1\n', { mode: 0o600 });
    await symlink('secrets/real.env', join(folder, 'linked.env'));
    const bench = await openBench(folder, 'linked.env');
    await bench.set({ A: '2' });
    expect(await readlink(bench.path)).toBe('secrets/real.env');
    expect(await bench.text()).toBe(`A='2'\n`);
  });

  it('writes a file outside the config folder that the config itself names', async () => {
    const outside = await envBench('A=1\n');
    const bench = await openBench(await temporaryFolder(), outside.path, outside.path);
    await bench.set({ A: '2' });
    expect(await outside.text()).toBe(`A='2'\n`);
  });

  it('works in a file whose group can write it, and warns once', async () => {
    const bench = await envBench('A=1\n', { mode: 0o660 });
    await bench.set({ A: '2' });
    await bench.set({ A: '3' });
    expect(await bench.text()).toBe(`A='3'\n`);
    expect(bench.said).toHaveLength(1);
  });

  it('writes no part of a batch of which one cannot be written', async () => {
    const bench = await envBench('A=1\n');
    expect(await refusal(bench, { A: 'canary-good', B: 'canary-\0-bad' })).toMatchObject({
      failure: 'value_unwritable',
    });
    expect(await bench.text()).toBe('A=1\n');
  });

  it('refuses a name that a batch holds twice', async () => {
    const { writer, plan } = await envBench('A=1\n');
    const [one, two] = [...(await plan({ A: '2' })), ...(await plan({ A: '3' }))];
    if (one === undefined || two === undefined) throw new Error('both were planned');
    await expect(writer.plan([one, two], call)).rejects.toThrow('A cannot be written: it is named twice');
  });
});

describe('a write that is refused before anybody is asked', () => {
  it.each([
    ['a dangerous name', { NODE_OPTIONS: '--require=canary.js' }, /other code/u],
    ['a name that dotenv cannot read', { 'A B': 'canary-value' }, /not a name/u],
    ['a hostile name', { '\u202EX\n': 'canary-value' }, /^\\u\{202e\}X\\n cannot/u],
    ['NUL', { A: 'canary\0value' }, /A: it holds a NUL/u],
    ['a carriage return', { A: 'canary\r\nvalue' }, /carriage return/u],
    ['a final backslash with a space', { A: 'canary value\\' }, /ends with a backslash/u],
    ['every quote', { A: `canary'"\`` }, /every kind of quote/u],
    ['blank lines', { A: `canary\n${'\n'.repeat(101)}` }, /holds more than 100 blank lines/u],
    [
      'values that together make the file slow to read',
      Object.fromEntries(
        Array.from({ length: 99 }, (_, at) => [`A${at}`, `canary${`\n${' '.repeat(99)}`.repeat(99)}`]),
      ),
      /would have too many blank lines/u,
    ],
    ['more than the file may hold', { A: 'canary'.repeat(800_000) }, /larger than 4 MiB/u],
    ['an encrypted value to be replaced', { SEALED: 'canary-value' }, /encrypted by dotenvx/u],
    ['the key of dotenvx', { DOTENV_PUBLIC_KEY: 'canary-value' }, /dotenvx encrypts/u],
  ])('gives the reason: %s', async (_, values, reason) => {
    const before = `A=1\nSEALED="encrypted:BGh0"\nDOTENV_PUBLIC_KEY="03ab"\n`;
    const bench = await envBench(before);
    const error = await refusal(bench, values);
    expect(error).toMatchObject({ failure: 'value_unwritable', message: expect.stringMatching(reason) });
    expect(await bench.text()).toBe(before);
  });

  it.each<[string, RegExp, (bench: EnvBench) => Promise<unknown>]>([
    ['everybody can write', /every user/u, ({ path }) => chmod(path, 0o602)],
    ['is read-only', /read-only/u, ({ path }) => chmod(path, 0o400)],
    ['is not UTF-8', /UTF-8/u, ({ path }) => writeFile(path, Buffer.from('# caf\xe9\nA=1\n', 'latin1'))],
  ])('gives the reason: a file that %s', async (_, reason, spoil) => {
    const bench = await envBench('A=1\n');
    await spoil(bench);
    const error = await refusal(bench, { A: 'canary-value' });
    expect(error).toMatchObject({ failure: 'provider_refused', message: expect.stringMatching(reason) });
  });

  it('gives the reason: a link that leaves the config folder, also one that leads to nothing yet', async () => {
    const outside = await envBench('A=1\n');
    const folder = await temporaryFolder();
    await symlink(outside.path, join(folder, 'linked.env'));
    await symlink(outside.folder, join(folder, 'linked'));
    for (const file of ['linked.env', 'linked/.env.secrets', 'linked/new.env']) {
      const error = await refusal(await openBench(folder, file), { A: 'canary-value' });
      expect(error).toMatchObject({ failure: 'provider_refused', message: expect.stringMatching(/outside/u) });
    }
    await rm(outside.path);
    expect(await refusal(await openBench(folder, 'linked.env'), { A: 'canary-value' })).toMatchObject({
      failure: 'vault_unavailable',
    });
    expect(await readdir(outside.folder)).toEqual([]);
  });

  it('gives the reason: a folder that does not exist', async () => {
    const bench = await openBench(await temporaryFolder(), 'no/such/.env');
    expect(await refusal(bench, { A: 'canary-value' })).toMatchObject({ failure: 'vault_unavailable' });
  });
});

describe('a write for which we have no right', () => {
  it('is refused with the reason and changes nothing', async () => {
    const bench = await envBench('A=1\n', { mode: 0o644 });
    await chmod(bench.folder, 0o555);
    const error: unknown = await asOrdinaryUser(() =>
      bench.set({ A: 'canary-value' }).catch((thrown: unknown) => thrown),
    );
    await chmod(bench.folder, 0o755);
    expect(error).toMatchObject({ failure: 'provider_refused', message: expect.stringMatching(/may not be written/u) });
    expectNoValue(error, ['canary-value']);
    expect(await bench.text()).toBe('A=1\n');
  });
});

describe('a write whose file changed after the plan', () => {
  it('keeps what others wrote', async () => {
    const bench = await envBench('A=1\n');
    const planned = await bench.plan({ A: '2' });
    await writeFile(bench.path, 'OTHER=theirs\nA=1\n');
    await bench.writer.write(planned, call);
    expect(await bench.text()).toBe(`OTHER=theirs\nA='2'\n`);
  });

  it('keeps what somebody without our lock wrote while the new file was being made', async () => {
    const bench = await envBench('A=1\n');
    const writing = bench.writer.write(await bench.plan({ A: '2' }), call);
    await untilStaged(bench.folder);
    appendFileSync(bench.path, 'THEIRS=1\n');
    await writing;
    expect(parse(await bench.text())).toEqual({ A: '2', THEIRS: '1' });
  });

  it('is refused when the file has become a link out of the folder', async () => {
    const outside = await envBench('A=1\n');
    const bench = await envBench('A=1\n');
    const planned = await bench.plan({ A: '2' });
    await rm(bench.path);
    await symlink(outside.path, bench.path);
    await expect(bench.writer.write(planned, call)).rejects.toMatchObject({ failure: 'provider_refused' });
    expect(await outside.text()).toBe('A=1\n');
    expect((await lstat(bench.path)).isSymbolicLink()).toBe(true);
  });
});

/** Between the new file's appearance and the exchange lie several turns of the event loop: writing, setting the mode, syncing. */
async function untilStaged(folder: string): Promise<void> {
  while (!readdirSync(folder).some((name) => name.includes('.agent-vault-'))) await setImmediate();
}
