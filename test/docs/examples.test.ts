import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { limitsFile, loadLimits } from '../../src/trust/limits.ts';
import { blocksIn, sectionOf, tableRows, textOf } from './markdown.ts';

const blocks = blocksIn(textOf('README.md'), 'json');
const configs = blocks.filter((block) => block.includes('"vaults"'));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-docs-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('every JSON in the README is JSON', () => {
  expect(blocks.length).toBeGreaterThan(8);
  for (const block of blocks) expect(() => JSON.parse(block) as unknown).not.toThrow();
});

it('every config in the README is one that the server takes', async () => {
  expect(configs.length).toBeGreaterThan(3);
  for (const config of configs) {
    await writeFile(join(folder, 'agent-vault.config.json'), config);
    const named = [...config.matchAll(/"env:(\w+)"/gu)].map(([, name]) => [name!, 'set']);
    const loaded = await loadConfig({ cwd: folder, env: Object.fromEntries(named) as NodeJS.ProcessEnv, home: folder });
    expect(loaded.vaults.filter((vault) => 'unavailable' in vault)).toEqual([]);
    expect(loaded.notices).toEqual([]);
  }
});

it('the limits in the README are ones that the server takes, and the table has each of them', async () => {
  const section = sectionOf(textOf('README.md'), '### Your own limits');
  const [example = ''] = blocksIn(section, 'json');
  await writeFile(limitsFile(folder), example);
  const limits = await loadLimits(folder);
  expect(limits).toEqual(JSON.parse(example));
  expect(tableRows(section).map(([key]) => key)).toEqual(Object.keys(limits).map((key) => `\`${key}\``));
  await writeFile(limitsFile(folder), '{"another": 1}');
  const known = await loadLimits(folder).catch((thrown: unknown) => String((thrown as { hint?: string }).hint));
  expect(known).toBe(`known keys: ${Object.keys(limits).join(', ')}`);
});
