import { join } from 'node:path';
import { Authenticator } from '../../support/authenticator.ts';
import type { TestClient } from '../../support/vault.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { challenge, codeOf, signed } from '../person.ts';
import type { Scene } from '../scene.ts';
import { Terminal } from '../terminal.ts';
import { formOf } from '../visitor.ts';

const ownSeed = 'A'.repeat(32);

/** Through what says who may approve. */
export const state: readonly Attack[] = [
  {
    id: 'key-swapped',
    title: 'put a device of its own in the paired one’s place (approvers.json)',
    gives: 'state',
    kind: 'approval',
    claims: claim.pairedSameUser,
    async run(scene) {
      const own = new Authenticator();
      await editRoster(scene, (approver) =>
        approver['factor'] === 'totp'
          ? { ...approver, secret: ownSeed, lastStep: 0 }
          : { ...approver, credentialId: own.credentialId, publicKey: own.publicKey, counter: 0 },
      );
      const mine = scene.site.setUp === 'totp' ? ownSeed : own;
      return approvesWith(scene, await scene.start(), mine);
    },
  },
  {
    id: 'roster-deleted',
    title: 'delete approvers.json, so that nobody seems to have been paired',
    gives: 'state',
    kind: 'approval',
    claims: claim.pairedSameUser,
    async run(scene) {
      await scene.hands.remove(scene.inState('approvers.json'));
      return approvesByLink(scene, await scene.start());
    },
  },
  {
    id: 'roster-emptied',
    title: 'take everybody out of approvers.json, and tap Approve',
    gives: 'state',
    kind: 'approval',
    claims: claim.paired,
    async run(scene) {
      const path = scene.inState('approvers.json');
      const file = JSON.parse(await scene.hands.read(path)) as object;
      await scene.hands.write(path, JSON.stringify({ ...file, approvers: [] }));
      return approvesByLink(scene, await scene.start());
    },
  },
  {
    id: 'roster-broken',
    title: 'make approvers.json unreadable, and tap Approve',
    gives: 'state',
    kind: 'approval',
    claims: claim.paired,
    async run(scene) {
      await scene.hands.write(scene.inState('approvers.json'), '{');
      return approvesByLink(scene, await scene.start());
    },
  },
  {
    id: 'pair-own',
    title: 'pair an app of its own in a pseudo-terminal',
    gives: 'state',
    kind: 'approval',
    claims: { link: 'succeeds', totp: 'succeeds', passkey: 'resisted', separate: 'resisted' },
    async run(scene) {
      const seed = await pairsOwn(scene);
      return seed !== null && approvesWith(scene, await scene.start(), seed);
    },
  },
  {
    id: 'reset',
    title: 'wipe all approvers in a pseudo-terminal, and tap Approve',
    gives: 'state',
    kind: 'approval',
    claims: claim.paired,
    async run(scene) {
      await resets(scene);
      return approvesByLink(scene, await scene.start());
    },
  },
  {
    id: 'reset-and-pair',
    title: 'wipe all approvers, and pair an app of its own',
    gives: 'state',
    kind: 'approval',
    claims: claim.pairedSameUser,
    async run(scene) {
      await resets(scene);
      const seed = await pairsOwn(scene);
      return seed !== null && approvesWith(scene, await scene.start(), seed);
    },
  },
  {
    id: 'state-elsewhere',
    title: 'start the broker with a state directory of its own (AGENT_VAULT_STATE), a device paired in it',
    gives: 'shell',
    kind: 'approval',
    claims: claim.byLinkOnly,
    run: (scene) => startsElsewhere(scene, (folder) => ({ AGENT_VAULT_STATE: join(folder, '.agent-vault') })),
  },
  {
    id: 'home-elsewhere',
    title: 'start it with a home of its own (HOME), a device paired in it',
    gives: 'shell',
    kind: 'approval',
    claims: claim.resisted,
    run: (scene) =>
      startsElsewhere(scene, (folder) => ({ HOME: folder, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder })),
  },
];

type Approver = Record<string, unknown>;

async function editRoster(scene: Scene, change: (approver: Approver) => Approver): Promise<void> {
  const path = scene.inState('approvers.json');
  const file = JSON.parse(await scene.hands.read(path)) as { approvers: Approver[] };
  await scene.hands.write(path, JSON.stringify({ ...file, approvers: file.approvers.map(change) }));
}

/** Whether a device of its own was let in: an app's secret, or a key. */
async function approvesWith(scene: Scene, client: TestClient, own: Authenticator | string): Promise<boolean> {
  const asked = await scene.ask(client);
  const visitor = scene.visitor(new URL(asked.link).origin);
  const form = formOf((await visitor.get(asked.path)).body);
  if (typeof own === 'string') await visitor.post(asked.path, { ...form, totp: codeOf(own) });
  else await visitor.post(asked.path, { ...form, ...signed(await challenge(visitor, asked.path, form), own) });
  return scene.wasApproved(asked);
}

async function approvesByLink(scene: Scene, client: TestClient): Promise<boolean> {
  const asked = await scene.ask(client);
  await scene.visitor(new URL(asked.link).origin).submit(asked.path, { decision: 'approve' });
  return scene.wasApproved(asked);
}

/** The secret of an app of its own that was paired; null if none was. */
async function pairsOwn(scene: Scene): Promise<string | null> {
  const terminal = new Terminal(scene, 'agent', ['pair', '--totp', '--name', 'Totally Anna']);
  const key = /((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})/u;
  if (
    (await terminal.shows(/(Code of the authenticator app)|Open this on the device|[A-Z2-7]{4} [A-Z2-7]{4}/u)) !== ''
  ) {
    // Somebody who is paired has to allow it: with an app, whoever reads its secret can.
    const seed = await seedIn(scene).catch(() => null);
    if (seed === null) return null;
    terminal.type(codeOf(seed));
  }
  if (/Open this on the device/u.test(terminal.text)) return null;
  const seed = (await terminal.shows(key))?.replaceAll(' ', '') ?? null;
  if (seed === null) return null;
  await terminal.shows(/6 digits that the app shows now/u);
  terminal.type(codeOf(seed, -1));
  return (await terminal.shows(/(Paired: )/u)) === null ? null : seed;
}

async function seedIn(scene: Scene): Promise<string | null> {
  return /"secret":\s*"([A-Z2-7]+)"/u.exec(await scene.hands.read(scene.inState('approvers.json')))?.[1] ?? null;
}

/** Whether a broker that the agent starts lets a device count that is paired in a folder of its own. */
async function startsElsewhere(
  scene: Scene,
  environment: (folder: string) => Record<string, string>,
): Promise<boolean> {
  const folder = join(scene.site.agent.home, 'elsewhere');
  await scene.hands.mkdir(join(folder, '.agent-vault'));
  const times = { addedAt: '2026-01-01T00:00:00.000Z', lastStep: 0, failures: 0, blockedUntil: null };
  const own = { id: 'a'.repeat(21), name: 'mine', factor: 'totp', secret: ownSeed, ...times };
  const roster = { version: 1, generation: 1, approvers: [own], former: [], resetAt: null };
  await scene.hands.write(join(folder, '.agent-vault/approvers.json'), JSON.stringify(roster));
  const client = await scene.launch({ env: environment(folder) }).catch(() => null);
  return client !== null && approvesWith(scene, client, ownSeed);
}

async function resets(scene: Scene): Promise<void> {
  const terminal = new Terminal(scene, 'agent', ['pair', '--reset']);
  if ((await terminal.shows(/Type "reset"/u)) === null) return;
  terminal.type('reset');
  await terminal.ended;
}
