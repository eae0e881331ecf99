import { chmodSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKey } from '../../src/trust/key.ts';
import { openPins, placeOf } from '../../src/trust/pins.ts';
import type { Pin } from '../../src/trust/pins.ts';
import { local, person, Setting } from './setting.ts';

let setting: Setting;
beforeEach(() => {
  setting = new Setting();
});
afterEach(() => setting.remove());

async function pin(): Promise<Pin> {
  const config = await setting.folder.config({ vaults: { local } });
  return { policy: config.policy((text) => text), approvedAt: '2026-01-02T03:04:05.000Z', by: person };
}

function places(): string[] {
  return Object.keys((JSON.parse(setting.kept()) as { pins: object }).pins);
}

describe('what a person approved', () => {
  it('is read as it was written, by its place', async () => {
    const pins = openPins(setting.state);
    const written = await pin();
    await pins.write('/a', written);
    expect(await openPins(setting.state).read('/a')).toMatchObject(written);
    expect(await pins.read('/b')).toBeNull();
    expect(await pins.read('constructor')).toBeNull();
    expect(statSync(join(setting.state, 'trust.json')).mode & 0o777).toBe(0o600);
  });

  it('is tightened only while it is what was tightened from', async () => {
    const pins = openPins(setting.state);
    const { policy, ...rest } = await pin();
    const [tight, wide] = [1, 99].map((port) => ({ ...policy, port }));
    await pins.write('/a', { policy, ...rest });
    await pins.tighten('/a', policy, tight!);
    expect(await pins.read('/a')).toMatchObject({ policy: tight, ...rest });
    await pins.tighten('/a', policy, wide!);
    await pins.tighten('/b', policy, wide!);
    expect((await pins.read('/a'))?.policy).toEqual(tight);
    expect(places()).toEqual(['/a']);
  });

  it('is forgotten where its file is gone, once there are more than 200', async () => {
    const pins = openPins(setting.state);
    const written = await pin();
    const there = [setting.file, `environment in ${setting.folder.cwd}`];
    const gone = Array.from({ length: 198 }, (_, at) => join(setting.folder.cwd, `gone-${at}`));
    await pins.write(setting.file, written);
    const kept = JSON.parse(setting.kept()) as { pins: Record<string, unknown> };
    const all = [...there, ...gone].map((place) => [place, kept.pins[setting.file]]);
    setting.folder.write('state/trust.json', { ...kept, pins: Object.fromEntries(all) });
    chmodSync(join(setting.state, 'trust.json'), 0o600);
    await pins.write('/new', written);
    expect(places().sort()).toEqual([...there, '/new'].sort());
  });

  it('stays where another version of Agent Vault wrote it in another way', async () => {
    writeFileSync(
      join(setting.state, 'trust.json'),
      JSON.stringify({ version: 1, pins: { '/old': { some: ['thing', 'else'] } } }),
      { mode: 0o600 },
    );
    const pins = openPins(setting.state);
    expect(await pins.read('/old')).toBeNull();
    await pins.write('/a', await pin());
    expect(JSON.parse(setting.kept())).toMatchObject({ pins: { '/old': { some: ['thing', 'else'] } } });
  });

  it('belongs to the file where it really is', async () => {
    mkdirSync(join(setting.folder.path, 'x'));
    const place = await placeOf({ file: null, folder: setting.folder.cwd });
    expect(place).toBe(`environment in ${realpathSync(setting.folder.cwd)}`);
    await expect(placeOf({ file: join(setting.folder.path, 'none'), folder: '/' })).rejects.toThrow('ENOENT');
  });
});

describe('the key of the hashes', () => {
  it('is made once, for its owner only, and another gives other hashes', async () => {
    const [one, two] = await Promise.all([openKey(setting.state), openKey(setting.state)]);
    const file = join(setting.state, 'trust.key');
    expect(one('value')).toMatch(/^[\da-f]{64}$/u);
    expect([two('value'), (await openKey(setting.state))('value')]).toEqual([one('value'), one('value')]);
    expect(one('value')).not.toBe(one('other'));
    expect(readFileSync(file, 'utf8')).toMatch(/^"[\da-f]{64}"\n$/u);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    rmSync(file);
    expect((await openKey(setting.state))('value')).not.toBe(one('value'));
  });

  it.each(['""', '"00"', '{}', ''])('is refused where it is none: %j', async (content) => {
    writeFileSync(join(setting.state, 'trust.key'), content, { mode: 0o600 });
    await expect(openKey(setting.state)).rejects.toThrow('the state file trust.key does not hold');
  });
});
