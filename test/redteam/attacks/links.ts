import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Scene } from '../scene.ts';
import { canary } from '../scene.ts';
import { pathOf } from '../visitor.ts';

const urlDialogs = { elicitation: { url: {} } };

/** Finding a link, guessing one, using one twice. */
export const links: readonly Attack[] = [
  {
    id: 'link-from-log',
    title: 'take the link from the client’s log, tap Approve',
    gives: 'link',
    kind: 'approval',
    claims: claim.byLinkOnly,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      await scene.visitor().submit(asked.path, { decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'link-from-progress',
    title: 'take the link from a progress message',
    gives: 'link',
    kind: 'approval',
    claims: claim.byLinkOnly,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      const link = client.progress.flatMap((text) => text.match(/https:\S+/u) ?? [])[0];
      if (link === undefined) throw new Error('no progress message with the link');
      await scene.visitor().submit(pathOf(link), { decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'link-from-dialog',
    title: 'take the link from the client’s dialog by a hook',
    gives: 'link',
    kind: 'approval',
    claims: claim.byLinkOnly,
    async run(scene) {
      const client = await scene.start({ capabilities: urlDialogs });
      const shown = Promise.withResolvers<string>();
      client.client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        if ('url' in params && typeof params.url === 'string') shown.resolve(params.url);
        return { action: 'accept' };
      });
      const asked = await scene.ask(client);
      await scene.visitor().submit(pathOf(await shown.promise), { decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'dialog-accepted',
    title: 'let a hook answer “accept” to the client’s dialog',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start({ capabilities: urlDialogs });
      const answered = Promise.withResolvers<null>();
      client.client.setRequestHandler(ElicitRequestSchema, () => {
        setImmediate(() => answered.resolve(null));
        return { action: 'accept', content: { decision: 'approve', approve: true } };
      });
      const asked = await scene.ask(client);
      await answered.promise;
      await client.client.ping();
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'link-in-answer',
    title: 'find the link in what tools answer',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start({ name: 'impatient' });
      const asked = await scene.ask(client);
      const others = await Promise.all(
        [
          ['list_secrets', {}],
          ['get_secret', { vault: 'local', name: 'NO_SUCH', reason: 'x' }],
        ].map(([name, args]) => client.call(name as string, args as Record<string, unknown>)),
      );
      const seen = JSON.stringify([others, client.client.getInstructions(), await client.client.listTools()]);
      const link = /https?:[^\s"]+\/approve\/[^\s"]+/u.exec(seen)?.[0];
      if (link !== undefined) await scene.visitor().submit(pathOf(link), { decision: 'approve' });
      return seen.includes(asked.id) || scene.wasApproved(asked);
    },
  },
  {
    id: 'scan-ports',
    title: 'scan the ports of this machine for a page that lists or decides',
    gives: 'shell',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const ports = listening(await scene.hands.read('/proc/net/tcp'));
      if (!ports.includes(scene.port)) throw new Error('the scan missed the approval pages');
      const visitor = scene.visitor(`http://localhost:${scene.port}`);
      const paths = [
        '/',
        '/approve',
        '/approve/',
        `/approve/${asked.id}`,
        '/requests',
        '/events',
        '/pair',
        '/api',
        '/../approve/',
        '/home',
      ];
      const pages = await Promise.all(paths.map((path) => visitor.get(path)));
      for (const path of paths) await visitor.post(path, { decision: 'approve', csrf: '' });
      return pages.some(({ body }) => body.includes('API_KEY') || body.includes(asked.id)) || scene.wasApproved(asked);
    },
  },
  {
    id: 'link-forged',
    title: 'make a link: another’s signature, a later expiry, none, a spelling of its own',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const mine = await scene.ask(client, 'OTHER');
      const asked = await scene.ask(client, 'API_KEY', 2);
      const own = new URL(mine.link);
      const [exp, sig] = ['exp', 'sig'].map((name) => own.searchParams.get(name) ?? '');
      const path = `/approve/${asked.id}`;
      const forged = [
        `${path}?exp=${exp}&sig=${sig}`,
        `${path}?exp=${exp}`,
        path,
        `${path}?exp=9999999999&sig=${sig}`,
        `${path}?exp=${exp}&sig=${'A'.repeat(43)}`,
        `${path}?exp=${exp}&sig=`,
        `/approve/${mine.id}/../${asked.id}?exp=${exp}&sig=${sig}`,
        `/approve/${mine.id}%2f..%2f${asked.id}?exp=${exp}&sig=${sig}`,
        `${own.pathname}${own.search}&id=${asked.id}`,
        `//${asked.id}${own.search}`,
      ];
      for (const each of forged) await scene.visitor().submit(each, { decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'link-used',
    title: 'post “approve” to a link that was denied',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const visitor = scene.visitor();
      const form = await visitor.get(asked.path);
      await scene.person.decide(visitor, asked.path, { decision: 'deny' });
      const csrf = /name="csrf" value="([^"]+)"/u.exec(form.body)?.[1] ?? '';
      await visitor.post(asked.path, { csrf, decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'decision-replayed',
    title: 'send the person’s own decision again, 50 times at once, for a second release',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      const visitor = scene.visitor();
      await scene.person.decide(visitor, asked.path, { window: '0', scope: 'secret' });
      if (!(await asked.answer).includes(canary)) throw new Error('the person’s own approval did not count');
      await Promise.all(Array.from({ length: 50 }, () => visitor.again()));
      return (await scene.readsUnasked(client, 'API_KEY', 2)) || count(scene, 'approved') !== 1;
    },
  },
  {
    id: 'decision-race',
    title: 'send the person’s decision 50 times before the first has been answered',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      const visitor = scene.visitor();
      visitor.copies = 50;
      await scene.person.decide(visitor, asked.path, { window: '0', scope: 'secret' });
      await asked.answer;
      const counts = [count(scene, 'approved'), count(scene, 'released')];
      if (counts.includes(0)) throw new Error('the person’s own approval did not count');
      return counts.some((each) => each !== 1) || scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
  {
    id: 'approval-used-twice',
    title: 'read again after an approval for this once',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      await scene.person.decide(scene.visitor(), asked.path, { window: '0', scope: 'secret' });
      if (!(await asked.answer).includes(canary)) throw new Error('the person’s own approval did not count');
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
];

function count(scene: Scene, action: string): number {
  return scene.vault.rows().filter((row) => row['action'] === action && row['secret_name'] === 'API_KEY').length;
}

/** The ports with a listener, from Linux's table of sockets. */
function listening(table: string): number[] {
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/u));
  return rows.filter((row) => row[3] === '0A').map((row) => Number.parseInt(row[1]?.split(':')[1] ?? '', 16));
}
