import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGate } from '../../src/approvers/gate.ts';
import { openRoster } from '../../src/approvers/roster.ts';
import type { Roster } from '../../src/approvers/roster.ts';
import { watchRoster } from '../../src/approvers/watch.ts';
import { Secret } from '../../src/core/secret.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';

let folder: string;
let roster: Roster;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-vault-watch-'));
  roster = openRoster(folder, systemClock);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const app = {
  id: 'a1a1a1a1a1a1a1a1a1a1',
  name: 'phone',
  factor: 'totp',
  addedAt: '2026-01-01T00:00:00.000Z',
  fingerprint: '',
  secret: new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'),
  lastStep: 0,
  failures: 0,
  blockedUntil: null,
} as const;

const allowed = { by: null, before: async () => undefined };

async function watched() {
  const said: string[] = [];
  let changes = 0;
  const log = createLog((text) => said.push(text));
  const watch = await watchRoster({ roster, log, onChange: async () => void (changes += 1) });
  return { watch, said, changes: () => changes };
}

describe('a process that runs while who may approve is changed', () => {
  it('notices a pairing and a reset, and says so', async () => {
    const { watch, said, changes } = await watched();
    await watch.look();
    expect(changes()).toBe(0);
    await roster.add(app, allowed);
    await watch.look();
    expect(changes()).toBe(1);
    expect(said.join('')).toMatch(/"phone" \(totp, [^)]+\) may approve from now on/u);
    await roster.reset(async () => undefined);
    await watch.look();
    expect(changes()).toBe(2);
    expect(said.join('')).toContain('all approvers were removed by a reset');
    expect(said.join('')).toContain('may not approve any more');
  });

  it('lets nobody go on before what a change ends has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done: string[] = [];
    const onChange = async (): Promise<void> => {
      await promise;
      done.push('closed');
    };
    const watch = await watchRoster({ roster, log: createLog(() => undefined), onChange });
    await roster.add(app, allowed);
    const looks = [1, 2, 3].map(async (at) => {
      await watch.look();
      done.push(`look ${at}`);
    });
    await roster.read();
    resolve(undefined);
    await Promise.all(looks);
    expect(done).toEqual(['closed', 'look 1', 'look 2', 'look 3']);
  });

  it('approves nothing any more once the account has its approvers in another folder', async () => {
    let isOvertaken = false;
    roster = openRoster(folder, systemClock, () => isOvertaken);
    const { watch, said, changes } = await watched();
    const gate = openGate({
      roster,
      publicOrigin: () => null,
      requiredFactor: () => 'link',
      clock: systemClock,
      random: systemRandom,
    });
    expect(await gate.byLink()).toMatchObject({ proved: true });
    isOvertaken = true;
    expect(await gate.byLink()).toMatchObject({ proved: false });
    await watch.look();
    expect([changes(), said.join('')]).toEqual([1, expect.stringContaining('has its approvers in another folder')]);
  });

  it('does not mind that counters change', async () => {
    await roster.add(app, allowed);
    const { watch, changes } = await watched();
    await roster.note((approvers) => approvers.map((each) => ({ ...each, lastStep: 5 })));
    await watch.look();
    expect(changes()).toBe(0);
  });

  it('takes a file that it cannot read for a change', async () => {
    await roster.add(app, allowed);
    const { watch, said, changes } = await watched();
    await writeFile(join(folder, 'approvers.json'), '{', { mode: 0o600 });
    await watch.look();
    expect(changes()).toBe(1);
    expect(said.join('')).toContain('nothing can be approved');
  });
});
