import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { mainFile } from '../../support/vault.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Scene } from '../scene.ts';
import { canary } from '../scene.ts';

/** Setting the machine’s clock while the broker runs. */
export const clock: readonly Attack[] = [
  {
    id: 'clock-back-window',
    title: 'set the clock back so that a window stays open',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['faketime'],
    async run(scene) {
      const { client, setClock } = await startWithClock(scene, { ttl: 0.02 });
      const asked = await scene.ask(client);
      await scene.person.decide(scene.visitor(), asked.path, { window: '1200', scope: 'secret' });
      if (!(await asked.answer).includes(canary)) throw new Error('the person’s own approval did not count');
      await setClock(-7_200);
      await setTimeout(1_500);
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
  {
    id: 'clock-back-request',
    title: 'set the clock back so that an expired request can be approved',
    gives: 'link',
    kind: 'approval',
    // A code of an app would be of another time than the clock’s.
    claims: { ...claim.resisted, totp: 'n/a' },
    needs: ['faketime'],
    async run(scene) {
      const { client, setClock } = await startWithClock(scene, {}, { expiresIn: 1 });
      const theirs = await scene.ask(client, 'OTHER');
      // This also approves the shorter expiry.
      await scene.person.decide(scene.visitor(), theirs.path, { window: '0', scope: 'secret' });
      await theirs.answer;
      const asked = await scene.ask(client, 'API_KEY', 2);
      const visitor = scene.visitor();
      await visitor.get(asked.path);
      await setClock(-7_200);
      await setTimeout(1_500);
      await scene.person.decide(visitor, asked.path).catch(() => null);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'clock-forward-window',
    title: 'set the clock forward and back again to find a window that was over',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['faketime'],
    async run(scene) {
      const { client, setClock } = await startWithClock(scene, {});
      const asked = await scene.ask(client);
      await scene.person.decide(scene.visitor(), asked.path, { window: '300000', scope: 'secret' });
      await asked.answer;
      await setClock(7_200);
      if (await scene.readsUnasked(client, 'API_KEY', 2)) return true;
      await setClock(0);
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
  {
    id: 'clock-back-code',
    title: 'set the clock back to when a code was shown that is known by now',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    needs: ['faketime'],
    async run(scene) {
      const { client, setClock } = await startWithClock(scene, {});
      const theirs = await scene.ask(client, 'OTHER');
      await scene.person.decide(scene.visitor(), theirs.path, { window: '0', scope: 'secret' });
      await theirs.answer;
      await setClock(-600);
      const asked = await scene.ask(client, 'API_KEY', 2);
      await scene.visitor().submit(asked.path, { decision: 'approve', totp: scene.person.code(-20) });
      return scene.wasApproved(asked);
    },
  },
];

interface Timed {
  readonly client: Awaited<ReturnType<Scene['start']>>;
  /** @param seconds from the real time; timers and the monotonic clock stay as they are */
  readonly setClock: (seconds: number) => Promise<void>;
}

/** The broker under libfaketime, with a config that is tighter than the one that was approved. */
async function startWithClock(scene: Scene, vault: object, approval: object = {}): Promise<Timed> {
  const path = scene.inProject('agent-vault.config.json');
  const now = JSON.parse(await readFile(path, 'utf8')) as { vaults: Record<string, object> };
  const vaults = { ...now.vaults, local: { ...now.vaults['local'], ...vault } };
  await writeFile(path, JSON.stringify({ ...now, vaults, approval }));
  const file = join(scene.site.folder, 'clock');
  const setClock = (seconds: number): Promise<void> =>
    writeFile(file, `${seconds < 0 ? '' : '+'}${seconds}s`, { mode: 0o644 });
  await setClock(0);
  const faked = [
    'FAKETIME_NO_CACHE=1',
    'DONT_FAKE_MONOTONIC=1',
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    `LD_PRELOAD=${library()}`,
  ];
  return { client: await scene.start({ command: ['env', ...faked, process.execPath, mainFile] }), setClock };
}

function library(): string {
  const machine = execFileSync('sh', [
    '-c',
    'ls /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1 2>/dev/null | head -1',
  ]);
  return machine.toString().trim();
}
