import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyExitCodes } from '../../src/audit/report.ts';
import { forced } from '../audit/stored.ts';
import { mainFile, tap, TestVault } from '../support/vault.ts';
import { blocksIn, sectionOf, tableRows, textOf } from './markdown.ts';

const section = sectionOf(textOf('README.md'), '## Check the log yourself');
const commands = blocksIn(section, 'sh').map((block) => block.trim());
const [keyCommand = '', exportCommand = '', verifyCommand = '', pythonCommand = '', changeCommand = ''] = commands;
const hasPython = spawnSync('python3', ['--version']).status === 0;

let vault: TestVault;

/** A real log of a run in which something was approved and released, and the file of its anchors. */
beforeAll(async () => {
  vault = await TestVault.open({ config: { audit: { anchor: 'agent-vault.anchors' } } });
  const client = await vault.connect();
  const approved = client.get('API_KEY', 'run the migration: “naïve” \\ 🔑 \u0007');
  await tap(await client.link(1));
  await approved;
  await client.close();
  const npx = join(vault.folder, 'npx');
  writeFileSync(npx, `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${mainFile}' "$@"\n`);
  chmodSync(npx, 0o700);
  expect(typed(exportCommand).status).toBe(0);
}, 30_000);
afterAll(() => vault.close());

/** What they print, one after the other in one shell; `npx` starts the built package. */
function typed(...lines: string[]): { readonly text: string; readonly status: number | null } {
  const env = { ...vault.env, PATH: `${vault.folder}:${vault.env['PATH']}` };
  const shell = spawnSync('sh', ['-c', lines.join('\n')], { cwd: vault.folder, env, encoding: 'utf8' });
  return { text: shell.stdout + shell.stderr, status: shell.status };
}

/** Without what is another in every log. */
function likeAny(report: string): string {
  return report.replaceAll(/[0-9a-f]{16,}/gu, '#').replace(/^\S+(?=log\.jsonl)/u, '');
}

describe('the five commands that check the log', () => {
  it('are five', () => {
    expect(commands).toHaveLength(5);
  });

  it('find the public key, and an untouched log intact', () => {
    const { text, status } = typed(keyCommand, 'echo "$KEY"', verifyCommand);
    expect(text).toMatch(/^agent-vault\/audit\+[0-9a-f]{8}\+\S{44}\n\S+log\.jsonl: intact\n/u);
    expect(status).toBe(0);
    const [shown = ''] = blocksIn(section, 'text');
    expect(likeAny(text.slice(text.indexOf('\n') + 1))).toBe(likeAny(shown));
  });

  it.runIf(hasPython)('compute the chain without anything of ours, and notice a change', () => {
    const head = String(vault.rows().at(-1)?.['hash']);
    expect(typed(pythonCommand)).toEqual({ text: `whole, up to ${head}\n`, status: 0 });
    const line = readFileSync(join(vault.folder, 'log.jsonl'), 'utf8').replace('"action":"released"', '"action":"expired"');
    writeFileSync(join(vault.folder, 'other.jsonl'), line);
    expect(typed(pythonCommand.replace('log.jsonl', 'other.jsonl'))).toEqual({
      text: 'row 3 is not what it was\n',
      status: 1,
    });
  });

  it('show that the check can fail', () => {
    const { text, status } = typed(keyCommand, changeCommand);
    expect(text).toMatch(/^\S+changed\.jsonl: TAMPERED, first at row 3\n/u);
    expect(status).toBe(1);
  });

  it('show rows that were cut off, which without the anchors they do not', () => {
    const cut = `DELETE FROM audit WHERE id = 3; DELETE FROM checkpoints`;
    typed('cp agent-vault.db whole.db');
    forced(vault.database, cut);
    typed(exportCommand, 'mv whole.db agent-vault.db');
    const withoutAnchors = typed(keyCommand, verifyCommand.replace(/ --anchors .*/u, ''));
    expect(withoutAnchors.text).toMatch(/intact, but there is no anchor: for 2 rows at the end there is this file alone/u);
    expect(withoutAnchors.status).toBe(3);
    const { text, status } = typed(keyCommand, verifyCommand);
    expect(text).toMatch(/TAMPERED, first at row 3\n/u);
    expect(status).toBe(1);
  });
});

it('the exit codes of the check are those of the table', () => {
  const said = tableRows(section).map(([code, means]) => [means?.split(/[,;]/u)[0], Number(code)]);
  const { intact, tampered, unreadable, unanchored } = verifyExitCodes;
  expect(said).toEqual([
    ['intact', intact],
    ['tampered', tampered],
    ['unreadable', unreadable],
    ['intact', unanchored],
  ]);
});
