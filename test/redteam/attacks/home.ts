import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { challenge, signed } from '../person.ts';
import type { Scene } from '../scene.ts';
import type { Visitor } from '../visitor.ts';
import { formOf } from '../visitor.ts';

/** Through the approver’s home page. */
export const home: readonly Attack[] = [
  {
    id: 'home-unsigned',
    title: 'read the home page, its events and its data, or end windows, without having signed in',
    gives: 'shell',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const visitor = scene.visitor();
      const pages = await Promise.all(['/', '/events', '/board', '/?all=1'].map((path) => visitor.get(path)));
      const posted = await visitor.post('/windows/end', { window: 'all', csrf: '' });
      return (
        [...pages, posted].some(({ body }) => body.includes('API_KEY') || body.includes(asked.id)) ||
        scene.wasApproved(asked)
      );
    },
  },
  {
    id: 'home-cookie-restart',
    title: 'use the person’s session of the home page at another run of the broker',
    gives: 'shell',
    kind: 'approval',
    claims: claim.paired,
    async run(scene) {
      const first = await scene.start();
      await scene.ask(first);
      const visitor = scene.visitor();
      await signIn(scene, visitor);
      await first.close();
      await scene.ask(await scene.start());
      return showsRequests(visitor);
    },
  },
  {
    id: 'home-cookie-decides',
    title: 'approve with the person’s session of the home page, without the factor',
    gives: 'shell',
    kind: 'approval',
    claims: claim.paired,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const visitor = scene.visitor();
      await signIn(scene, visitor);
      await visitor.submit(asked.path, { decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'home-signature',
    title: 'use what the person signed to open the home page for a decision',
    gives: 'link',
    kind: 'approval',
    claims: claim.passkey,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const visitor = scene.visitor();
      const door = await challenge(visitor, '/sign-in', { csrf: await doorToken(visitor) }, '/sign-in/challenge');
      const form = formOf((await visitor.get(asked.path)).body);
      const begun = await challenge(visitor, asked.path, form);
      const sent = signed(door, scene.person.phone);
      for (const ceremony of [sent.ceremony, begun.id]) await visitor.post(asked.path, { ...form, ...sent, ceremony });
      return scene.wasApproved(asked);
    },
  },
];

/** The person opens the home page. */
async function signIn(scene: Scene, visitor: Visitor): Promise<void> {
  const csrf = await doorToken(visitor);
  const proof =
    scene.site.setUp === 'totp'
      ? { totp: scene.person.code() }
      : signed(await challenge(visitor, '/sign-in', { csrf }, '/sign-in/challenge'), scene.person.phone);
  await visitor.post('/sign-in', { csrf, ...proof });
  if (!(await showsRequests(visitor))) throw new Error('the person could not sign in');
}

async function doorToken(visitor: Visitor): Promise<string> {
  return /name="csrf" value="([^"]+)"/u.exec((await visitor.get('/')).body)?.[1] ?? '';
}

async function showsRequests(visitor: Visitor): Promise<boolean> {
  const { body } = await visitor.get('/');
  return body.includes('API_KEY');
}
