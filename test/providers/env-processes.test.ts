import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'dotenv';
import { expect, it, onTestFinished } from 'vitest';
import { envBench } from './env-bench.ts';

const writer = fileURLToPath(new URL('../fixtures/env-writer.ts', import.meta.url));

function start(folder: string, names: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [writer, folder, ...names], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

it('loses nothing when several processes write at once', { timeout: 60_000 }, async () => {
  const bench = await envBench('# kept\nOLD=1\n');
  const names = [0, 1, 2, 3].map((process) => [0, 1, 2, 3, 4, 5].map((at) => `NAME_${process}_${at}`));
  const codes = names.map(async (mine) => (await once(start(bench.folder, mine), 'exit'))[0]);
  expect(await Promise.all(codes)).toEqual([0, 0, 0, 0]);
  expect(parse(await bench.text())).toEqual({
    OLD: '1',
    ...Object.fromEntries(names.flat().map((name) => [name, `value of ${name}`])),
  });
  expect(await readdir(bench.folder)).toEqual(['.env.secrets']);
});

it('loses nothing when one process writes many at once', async () => {
  const bench = await envBench('OLD=1\n');
  const names = Array.from({ length: 20 }, (_, at) => `NAME_${at}`);
  await Promise.all(names.map((name) => bench.set({ [name]: name })));
  expect(parse(await bench.text())).toEqual({ OLD: '1', ...Object.fromEntries(names.map((name) => [name, name])) });
});

it.each([0, 5, 12, 23, 40])(
  'leaves the old file or the new one when its process is killed after %i ms',
  { timeout: 60_000 },
  async (ms) => {
    const bench = await envBench('# kept\nFIRST=0\nSECOND=0\nTHIRD=3\n');
    const child = start(bench.folder, []);
    if (child.stdout !== null) await once(child.stdout, 'data');
    await pause(ms);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = parse(await bench.text());
    expect(left['FIRST'] === left['SECOND'], 'both or none were written').toBe(true);
    expect((await bench.text()).startsWith('# kept\n') && left['THIRD'] === '3').toBe(true);

    await bench.set({ FIRST: 'after the crash' });
    expect(parse(await bench.text())).toMatchObject({ FIRST: 'after the crash', THIRD: '3' });
    expect(await readdir(bench.folder)).toEqual(['.env.secrets']);
  },
);
