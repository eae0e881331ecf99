import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { edit } from '../edit-config.ts';
import type { Scene } from '../scene.ts';
import { canary } from '../scene.ts';

/** Through where a vault’s values come from. */
export const sources: readonly Attack[] = [
  {
    id: 'config-source-swapped',
    title: 'point a vault whose window is open at another env file',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      await opensSandbox(scene, client);
      await edit(scene, (now) => ({
        ...now,
        vaults: { ...now.vaults, sandbox: { ...now.vaults['sandbox'], file: '.env.secrets' } },
      }));
      return readsSandbox(scene, client);
    },
  },
  {
    id: 'config-alias',
    title: 'add a vault of a harmless name over the same env file',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      await edit(scene, (now) => ({
        ...now,
        vaults: { ...now.vaults, examples: { type: 'env', file: '.env.secrets', ttl: 1440, ttlScope: 'vault' } },
      }));
      const client = await scene.start();
      const answer = client.get('API_KEY', 'an example', 'examples').then(({ text }) => text.includes(canary));
      return Promise.race([answer, client.link().then(() => false)]);
    },
  },
  {
    id: 'env-file-symlink',
    title: 'put a link to the env file in the place of another vault’s, whose window is open',
    gives: 'project',
    kind: 'value',
    claims: claim.bySameUser,
    async run(scene) {
      const client = await scene.start();
      await opensSandbox(scene, client);
      await scene.hands.remove(scene.inProject('sandbox.env'));
      await scene.hands.symlink(scene.inProject('sandbox.env'), '.env.secrets');
      return readsSandbox(scene, client);
    },
  },
];

type Client = Awaited<ReturnType<Scene['start']>>;

/** The person lets the whole of a harmless vault be read for a while. */
async function opensSandbox(scene: Scene, client: Client): Promise<void> {
  const answer = client.get('API_KEY', 'a try', 'sandbox');
  const link = new URL(await client.link());
  await scene.person.decide(scene.visitor(), link.pathname + link.search, { scope: 'vault' });
  if ((await answer).text !== 'a harmless one')
    throw new Error(`the person’s own approval did not count: ${(await answer).text}`);
  if ((await client.get('API_KEY', 'a try', 'sandbox')).text !== 'a harmless one') throw new Error('no window is open');
}

function readsSandbox(scene: Scene, client: Client): Promise<boolean> {
  const answer = client.get('API_KEY', 'a try', 'sandbox').then(({ text }) => text.includes(canary));
  return Promise.race([answer, client.link(2).then(() => false)]);
}
