import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stateDirectory } from '../../src/platform/state.ts';

let home = '';
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'agent-vault-home-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the state folder', () => {
  test('is made for its owner alone, and found again', () => {
    expect(stateDirectory(home)).toBe(join(home, '.agent-vault'));
    expect(statSync(stateDirectory(home)).mode & 0o777).toBe(0o700);
  });

  test('is closed to others if it was open', () => {
    mkdirSync(join(home, '.agent-vault'));
    chmodSync(join(home, '.agent-vault'), 0o777);
    stateDirectory(home);
    expect(statSync(join(home, '.agent-vault')).mode & 0o777).toBe(0o700);
  });

  test('comes from the account, whatever HOME says', () => {
    const script = `
      import { syncBuiltinESMExports } from 'node:module';
      import fs from 'node:fs';
      fs.mkdirSync = () => undefined;
      fs.statSync = () => ({ mode: 0o40700, uid: process.geteuid() });
      syncBuiltinESMExports();
      const { stateDirectory } = await import('./src/platform/state.ts');
      process.stderr.write(stateDirectory());`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, HOME: home },
    });
    expect(stderr.toString()).toBe(join(userInfo().homedir, '.agent-vault'));
    expect(existsSync(join(home, '.agent-vault'))).toBe(false);
  });

  test('is refused where it is a file', () => {
    writeFileSync(join(home, '.agent-vault'), '');
    expect(() => stateDirectory(home)).toThrow(expect.objectContaining({ failure: 'config_invalid' }));
  });

  test.runIf(process.geteuid?.() === 0)('is refused where it belongs to another user', () => {
    mkdirSync(join(home, '.agent-vault'));
    chownSync(join(home, '.agent-vault'), 12345, 12345);
    expect(() => stateDirectory(home)).toThrow(expect.objectContaining({ failure: 'config_invalid' }));
  });
});
