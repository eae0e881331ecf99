import { appendFileSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { codeOf, readSteadily, replaceFile } from '../../src/platform/files.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';

const stillWanted = (): boolean => true;
const bytes = Buffer.from('new');

async function fileHolding(text: string): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  await writeFile(path, text, { mode: 0o600 });
  return { folder, path };
}

it('reads a whole file with its mode', async () => {
  const { path } = await fileHolding('text');
  await chmod(path, 0o640);
  expect(await readSteadily(path, 4)).toMatchObject({
    kind: 'file',
    bytes: Buffer.from('text'),
    owner: { mode: 0o640 },
  });
  expect(await readSteadily(path, 3)).toEqual({ kind: 'too large' });
});

it('says so when somebody never stops writing', async () => {
  const { path } = await fileHolding('text');
  let writing = true;
  const write = (): void => {
    appendFileSync(path, 'x');
    if (writing) setImmediate(write);
  };
  write();
  const read = await readSteadily(path, 1_000_000);
  writing = false;
  expect(read).toEqual({ kind: 'unsteady' });
});

it('replaces a file with the mode it is given, and makes a new one private', async () => {
  const { folder, path } = await fileHolding('old');
  const { uid, gid } = await stat(path);
  await replaceFile({ path, bytes, owner: { mode: 0o644, uid, gid }, stillWanted });
  await replaceFile({ path: `${path}2`, bytes, owner: null, stillWanted });
  expect([(await stat(path)).mode & 0o777, (await stat(`${path}2`)).mode & 0o777]).toEqual([0o644, 0o600]);
  expect([await readFile(path, 'utf8'), await readFile(`${path}2`, 'utf8')]).toEqual(['new', 'new']);
  expect(readdirSync(folder).sort()).toEqual(['file', 'file2']);
});

it('keeps the old file and leaves nothing behind when it is no longer wanted', async () => {
  const { folder, path } = await fileHolding('old');
  let staged: string[] = [];
  const unwanted = (): boolean => {
    staged = readdirSync(folder).filter((name) => name !== 'file');
    return false;
  };
  expect(await replaceFile({ path, bytes, owner: null, stillWanted: unwanted })).toBe(false);
  expect(staged).toEqual([expect.stringMatching(/^file\.agent-vault-[0-9a-f]{24}$/u)]);
  expect([readdirSync(folder), await readFile(path, 'utf8')]).toEqual([['file'], 'old']);
});

it('removes what a killed writer left beside the file, and nothing else', async () => {
  const { folder, path } = await fileHolding('old');
  await writeFile(`${path}.agent-vault-0123`, 'a secret');
  await writeFile(`${path}.bak`, 'theirs');
  await replaceFile({ path, bytes, owner: null, stillWanted });
  expect(readdirSync(folder).sort()).toEqual(['file', 'file.bak']);
});

it('keeps the old file when it cannot be handed to the owner of the old one', async () => {
  const { folder, path } = await fileHolding('old');
  await chmod(folder, 0o777);
  const owner = { mode: 0o600, uid: 0, gid: 0 };
  const error: unknown = await asOrdinaryUser(() =>
    replaceFile({ path, bytes, owner, stillWanted }).catch((thrown: unknown) => thrown),
  );
  expect(codeOf(error)).toBe('EPERM');
  expect([readdirSync(folder), await readFile(path, 'utf8')]).toEqual([['file'], 'old']);
});

it('replaces a link itself, not what it leads to', async () => {
  const { path } = await fileHolding('old');
  await symlink(path, `${path}.link`);
  await replaceFile({ path: `${path}.link`, bytes, owner: null, stillWanted });
  expect(await readFile(path, 'utf8')).toBe('old');
});
