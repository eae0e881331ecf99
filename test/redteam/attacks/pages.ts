import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Scene } from '../scene.ts';
import { domain } from '../scene.ts';
import { formOf, Visitor } from '../visitor.ts';

const bots = [
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'TelegramBot (like TwitterBot)',
  'WhatsApp/2.23.20.0',
  'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; ms-office; SafeLinks)',
];

/** Getting a decision out of the server as if the person’s browser had sent it. */
export const pages: readonly Attack[] = [
  {
    id: 'preview-bots',
    title: 'let link previews and scanners fetch the link',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      for (const bot of bots) {
        for (const method of ['HEAD', 'GET', 'OPTIONS'])
          await scene.visitor().send(method, asked.path, '', { 'user-agent': bot });
      }
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'other-methods',
    title: 'decide by GET, by PUT, by query or by an overridden method',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const visitor = scene.visitor();
      const { csrf = '' } = formOf((await visitor.get(asked.path)).body);
      const query = `${asked.path}&decision=approve&csrf=${csrf.toString()}`;
      const body = `decision=approve&csrf=${csrf.toString()}`;
      const headers = { origin: visitor.origin, 'x-http-method-override': 'POST' };
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        for (const path of [asked.path, query]) await visitor.send(method, path, method === 'GET' ? '' : body, headers);
      }
      for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x'])
        await visitor.send('POST', asked.path, body, { ...headers, 'content-type': type });
      await visitor.send('POST', query, '', headers);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'cross-request-form',
    title: 'use the token and cookie of one request’s page for another request',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const mine = await scene.ask(client, 'OTHER');
      const asked = await scene.ask(client, 'API_KEY', 2);
      const visitor = scene.visitor();
      const form = { ...formOf((await visitor.get(mine.path)).body), decision: 'approve' };
      await visitor.post(asked.path, form);
      const [cookie = ''] = visitor.cookies.values();
      visitor.cookies.set(`__Host-av-${asked.id}`, cookie);
      await visitor.post(asked.path, form);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'cross-request-decision',
    title: 'send the person’s decision about one request to another one',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const theirs = await scene.ask(client, 'OTHER');
      const asked = await scene.ask(client, 'API_KEY', 2);
      const visitor = scene.visitor();
      await visitor.get(asked.path);
      visitor.divert = asked.path;
      await scene.person.decide(visitor, theirs.path, { window: '0', scope: 'secret' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'rebound-host',
    title: 'reach the pages by a name of its own (DNS rebinding)',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const names = [
        'evil.example',
        `evil.example:${scene.port}`,
        `${domain}.evil.example`,
        `evil.example#${domain}`,
        '',
      ];
      for (const name of names) {
        const visitor = scene.visitor('https://evil.example', { host: name });
        await visitor.submit(asked.path, { decision: 'approve' });
      }
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'forwarded-host',
    title: 'name another site by X-Forwarded-Host, and post from there',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const forwarded = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      };
      const visitor = scene.visitor(`https://${domain}`, forwarded);
      const form = { ...formOf((await visitor.get(asked.path)).body), decision: 'approve' };
      await visitor.post(asked.path, form, { origin: 'https://evil.example' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'dashboard-replay',
    title: 'replay the person’s request from the tunnel’s dashboard, with changes',
    gives: 'link',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const replay = { 'ngrok-replay-original-request-id': 'ffffffffffffffffffffffffffff' };
      await scene.person.decide(scene.visitor(`https://${domain}`, replay), asked.path).catch(() => null);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'phishing-port',
    title: 'take the broker’s port, imitate the page there, and use what the person enters',
    gives: 'shell',
    kind: 'approval',
    claims: { link: 'succeeds', totp: 'succeeds', passkey: 'resisted', separate: 'resisted' },
    run: phishes,
  },
];

/** The imitation passes on what the person’s browser and device send; the person looks at the page and not at the address. */
async function phishes(scene: Scene): Promise<boolean> {
  const imitation = createServer();
  scene.onClose(() => void imitation.close());
  await once(imitation.listen(scene.port, '127.0.0.1'), 'listening');
  const client = await scene.start();
  const asked = await scene.ask(client);
  const port = /the approval pages are on port (\d+)/u.exec(client.stderr)?.[1];
  if (port === undefined) throw new Error('the broker did not say where its pages are');
  const visitor = new Visitor(Number(port), `https://${domain}`);
  const form = formOf((await visitor.get(asked.path)).body);
  const entered = await scene.person.enter(`http://localhost:${scene.port}`, visitor, asked.path, form);
  await visitor.post(asked.path, { ...form, ...entered });
  return scene.wasApproved(asked);
}
