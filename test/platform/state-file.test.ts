import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStateFile } from '../../src/platform/state-file.ts';
import type { StateFile } from '../../src/platform/state-file.ts';

interface Notes {
  readonly notes: readonly string[];
}

const empty: Notes = { notes: [] };

function parse(json: unknown): Notes {
  if (typeof json !== 'object' || json === null || !('notes' in json) || !Array.isArray(json.notes)) {
    throw new Error('canary-content is not ours');
  }
  return { notes: json.notes.map(String) };
}

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-state-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'notes.json');
}

async function notes(): Promise<{ path: string; file: StateFile<Notes> }> {
  const path = await newPath();
  return { path, file: openStateFile({ path, parse, empty }) };
}

const add =
  (note: string) =>
  (now: Notes): Notes => ({ notes: [...now.notes, note] });

function counting(path: string, times: string): ChildProcess {
  const fixture = fileURLToPath(new URL('./fixtures/counting.ts', import.meta.url));
  const child = spawn(process.execPath, [fixture, path, times], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('a state file', () => {
  it('is empty before anything was written', async () => {
    const { file } = await notes();
    expect([await file.read(), await file.stamp()]).toEqual([empty, null]);
  });

  it('holds what was written last, for its owner alone, and leaves nothing beside it', async () => {
    const { path, file } = await notes();
    await file.change(add('one'));
    expect(await file.change(add('two'))).toEqual({ notes: ['one', 'two'] });
    expect(await openStateFile({ path, parse, empty }).read()).toEqual({ notes: ['one', 'two'] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, '..'))).toEqual(['notes.json']);
  });

  it('has another stamp after each change, also one of equal length', async () => {
    const { file } = await notes();
    const stamps = [await file.stamp()];
    for (const note of ['a', 'b']) {
      await file.change(() => ({ notes: [note] }));
      stamps.push(await file.stamp());
    }
    expect(new Set(stamps).size).toBe(3);
  });

  it('loses no change of many at once in one process', async () => {
    const { file } = await notes();
    const all = Array.from({ length: 20 }, (_, at) => `note ${at}`);
    await Promise.all(all.map((note) => file.change(add(note))));
    expect(new Set((await file.read()).notes)).toEqual(new Set(all));
  });

  it('loses no change of two processes at once', async () => {
    const path = await newPath();
    const children = [counting(path, '25'), counting(path, '25')];
    await Promise.all(children.map((child) => once(child, 'exit')));
    expect(await openStateFile({ path, parse: Number, empty: 0 }).read()).toBe(50);
  });

  it('keeps its content, and can be changed by others, when a process is killed in the middle of a change', async () => {
    const path = await newPath();
    const counter = openStateFile({ path, parse: Number, empty: 0 });
    await counter.change(() => 7);
    const child = counting(path, 'hang');
    await once(child.stdout ?? child, 'data');
    expect(await readdir(join(path, '..'))).toContain('notes.json.lock');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await counter.read()).toBe(7);
    expect(await counter.change((now) => now + 1)).toBe(8);
    expect(await readdir(join(path, '..'))).toEqual(['notes.json']);
  });

  it('stays as it was when the change fails, and passes the failure on', async () => {
    const { path, file } = await notes();
    await file.change(add('one'));
    const failing = file.change(() => Promise.reject(new RangeError('no')));
    await expect(failing).rejects.toThrow(RangeError);
    expect(await file.read()).toEqual({ notes: ['one'] });
    expect(await readdir(join(path, '..'))).toEqual(['notes.json']);
  });

  it('takes no content that it would refuse to read', async () => {
    const { file } = await notes();
    await file.change(add('one'));
    const tooLong = 'x'.repeat(1024 * 1024);
    await expect(file.change(add(tooLong))).rejects.toMatchObject({ failure: 'config_invalid' });
    const strict = openStateFile<unknown>({ path: await newPath(), parse, empty });
    await expect(strict.change(() => 'not notes')).rejects.toMatchObject({ failure: 'config_invalid' });
    expect(await file.read()).toEqual({ notes: ['one'] });
    expect(await strict.read()).toEqual(empty);
  });
});

describe('a state file is refused, for reading and changing,', () => {
  const good = '{"notes":["one"]}';

  async function refused(make: (path: string) => Promise<unknown>): Promise<string> {
    const { path, file } = await notes();
    await make(path);
    await expect(file.change(add('two'))).rejects.toMatchObject({ failure: 'config_invalid' });
    const thrown = await file.read().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'VaultError', failure: 'config_invalid' });
    return String(thrown);
  }

  it.each(['', '{"notes":', '[]', 'null', `${good}\u0000`, '\u{feff}'])('with the content %j', async (content) => {
    const said = await refused((path) => writeFile(path, content, { mode: 0o600 }));
    expect(said).toContain('notes.json does not hold what Agent Vault writes there');
    expect(said).not.toContain('canary-content');
  });

  it.each([0o620, 0o602, 0o666])('with the mode %o', async (mode) => {
    const said = await refused(async (path) => {
      await writeFile(path, good);
      await chmod(path, mode);
    });
    expect(said).toContain('can be written by one');
  });

  it('as a symbolic link, even to a good one, and does not change what it points to', async () => {
    const target = await newPath();
    await writeFile(target, good, { mode: 0o600 });
    expect(await refused((path) => symlink(target, path))).toContain('symbolic link');
    expect(await readFile(target, 'utf8')).toBe(good);
  });

  it('as a folder', async () => {
    expect(await refused((path) => mkdir(path))).toContain('is a folder');
  });

  it('beyond a mebibyte', async () => {
    const said = await refused((path) => writeFile(path, JSON.stringify({ notes: ['x'.repeat(1024 * 1024)] })));
    expect(said).toContain('too large');
  });

  it.runIf(process.geteuid?.() === 0)('of another user', async () => {
    const said = await refused(async (path) => {
      await writeFile(path, good, { mode: 0o600 });
      await chown(path, 12_345, 12_345);
    });
    expect(said).toContain('belongs to another user');
  });

  it('in a folder that does not exist, for changing', async () => {
    const path = join(await newPath(), 'nothing', 'notes.json');
    const file = openStateFile({ path, parse, empty });
    await expect(file.change(add('one'))).rejects.toMatchObject({ failure: 'config_invalid' });
  });
});
