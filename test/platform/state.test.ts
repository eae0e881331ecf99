import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { isOvertaken, stateDirectory } from '../../src/platform/state.ts';

let home = '';
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'agent-vault-home-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the state folder', () => {
  test('is made for its owner alone, and found again', () => {
    expect(stateDirectory({ env: {}, home })).toBe(join(home, '.agent-vault'));
    expect(statSync(stateDirectory({ env: {}, home })).mode & 0o777).toBe(0o700);
  });

  test('is closed to others if it was open', () => {
    mkdirSync(join(home, '.agent-vault'));
    chmodSync(join(home, '.agent-vault'), 0o777);
    stateDirectory({ env: {}, home });
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
      env: { HOME: home },
    });
    expect(stderr.toString()).toBe(join(userInfo().homedir, '.agent-vault'));
    expect(existsSync(join(home, '.agent-vault'))).toBe(false);
  });

  test('is refused where it is a file', () => {
    writeFileSync(join(home, '.agent-vault'), '');
    expect(() => stateDirectory({ env: {}, home })).toThrow(expect.objectContaining({ failure: 'config_invalid' }));
  });

  test.runIf(process.geteuid?.() === 0)('is refused where it belongs to another user', () => {
    mkdirSync(join(home, '.agent-vault'));
    chownSync(join(home, '.agent-vault'), 12345, 12345);
    expect(() => stateDirectory({ env: {}, home })).toThrow(expect.objectContaining({ failure: 'config_invalid' }));
  });
});

describe('a state folder that AGENT_VAULT_STATE names', () => {
  const own = (): string => join(home, '.agent-vault');
  const named = (): string => join(home, 'elsewhere', 'state');
  const chosen = (folder = named()): string => stateDirectory({ env: { AGENT_VAULT_STATE: folder }, home });

  test('is used, and made for its owner alone, where nobody is paired; the account stays without one', () => {
    expect(chosen()).toBe(named());
    expect(statSync(named()).mode & 0o777).toBe(0o700);
    expect(existsSync(own())).toBe(false);
  });

  test('counts from the working directory', () => {
    expect(chosen(relative(process.cwd(), named()))).toBe(named());
  });

  test('is the account’s own where the variable is empty', () => {
    expect(chosen('')).toBe(own());
  });

  test('is not followed once somebody was paired in the account’s own, which is said once', () => {
    const said: string[] = [];
    const log = createLog((text) => said.push(text));
    mkdirSync(own());
    writeFileSync(join(own(), 'approvers.json'), '');
    for (let times = 0; times < 2; times += 1) {
      expect(stateDirectory({ env: { AGENT_VAULT_STATE: named() }, home, log })).toBe(own());
    }
    expect(existsSync(named())).toBe(false);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('AGENT_VAULT_STATE is not followed');
  });

  test.each(['a link to nowhere', 'a folder'])('is not followed where the list of approvers is %s', (what) => {
    mkdirSync(own());
    if (what === 'a folder') mkdirSync(join(own(), 'approvers.json'));
    else symlinkSync(join(home, 'nowhere'), join(own(), 'approvers.json'));
    expect(chosen()).toBe(own());
  });

  test('is not followed where the user has limits of their own, which always win', () => {
    mkdirSync(own());
    writeFileSync(join(own(), 'limits.json'), '{}');
    expect(chosen()).toBe(own());
  });

  test('is followed while the account’s own holds other things', () => {
    mkdirSync(own());
    writeFileSync(join(own(), 'trust.json'), '{}');
    expect(chosen()).toBe(named());
  });

  test('counts no more for a process that follows it, once somebody was paired in the account’s own', () => {
    const env = { AGENT_VAULT_STATE: named() };
    const folder = stateDirectory({ env, home });
    expect(isOvertaken(folder, { env, home })).toBe(false);
    mkdirSync(own());
    writeFileSync(join(own(), 'approvers.json'), '{}');
    expect(isOvertaken(folder, { env, home })).toBe(true);
    expect(isOvertaken(own(), { env, home })).toBe(false);
  });

  test.each([0o777, 0o1777, 0o770])('is refused, and left as it is, where others can write it (%o)', (mode) => {
    mkdirSync(named(), { recursive: true });
    chmodSync(named(), mode);
    expect(() => chosen()).toThrow(expect.objectContaining({ failure: 'config_invalid' }));
    expect(statSync(named()).mode & 0o7777).toBe(mode);
  });
});
