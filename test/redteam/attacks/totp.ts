import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { codeOf } from '../person.ts';
import type { Asked, Scene } from '../scene.ts';
import { canary } from '../scene.ts';
import type { Visitor } from '../visitor.ts';
import { formOf } from '../visitor.ts';

/** Against an authenticator app. */
export const totp: readonly Attack[] = [
  {
    id: 'totp-guess',
    title: 'guess codes for one request, and be right after five',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const guesser = await openGuesser(scene, asked);
      for (let tries = 0; tries < 5; tries += 1) await guesser.tryWrong();
      await guesser.tryRight();
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-guess-race',
    title: 'post 50 wrong codes at once, and be right afterwards',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const guesser = await openGuesser(scene, asked);
      await Promise.all(Array.from({ length: 50 }, () => guesser.tryWrong()));
      await guesser.tryRight();
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-guess-on',
    title: 'go on guessing with a new request',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const client = await scene.start();
      const first = await openGuesser(scene, await scene.ask(client, 'OTHER'));
      for (let tries = 0; tries < 5; tries += 1) await first.tryWrong();
      const asked = await scene.ask(client, 'API_KEY', 2);
      await (await openGuesser(scene, asked)).tryRight();
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-guess-restart',
    title: 'go on guessing after a restart of the broker',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const client = await scene.start();
      const first = await openGuesser(scene, await scene.ask(client));
      for (let tries = 0; tries < 5; tries += 1) await first.tryWrong();
      await client.close();
      const asked = await scene.ask(await scene.start());
      await (await openGuesser(scene, asked)).tryRight();
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-replay',
    title: 'use a code again that the person typed for another request',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const client = await scene.start();
      const code = await spentCode(scene, await scene.ask(client, 'OTHER'));
      const asked = await scene.ask(client, 'API_KEY', 2);
      await (await openGuesser(scene, asked)).try(code);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-replay-restart',
    title: 'use it again after a restart of the broker',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const client = await scene.start();
      const code = await spentCode(scene, await scene.ask(client, 'OTHER'));
      await client.close();
      const asked = await scene.ask(await scene.start());
      await (await openGuesser(scene, asked)).try(code);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-older',
    title: 'use a code that was shown just before the one the person typed',
    gives: 'link',
    kind: 'approval',
    claims: claim.totp('resisted'),
    async run(scene) {
      const client = await scene.start();
      const theirs = await scene.ask(client, 'OTHER');
      const before = scene.person.code(-1);
      await spentCode(scene, theirs);
      const asked = await scene.ask(client, 'API_KEY', 2);
      await (await openGuesser(scene, asked)).try(before);
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-seed',
    title: 'read the app’s secret in the state directory and compute a code',
    gives: 'shell',
    kind: 'approval',
    claims: claim.totp('succeeds'),
    async run(scene) {
      const seed = /"secret":\s*"([A-Z2-7]+)"/u.exec(await scene.hands.read(scene.inState('approvers.json')))?.[1];
      if (seed === undefined) return false;
      const asked = await scene.ask(await scene.start());
      await (await openGuesser(scene, asked)).try(codeOf(seed));
      return scene.wasApproved(asked);
    },
  },
  {
    id: 'totp-rollback',
    title: 'put the state directory back as it was before a code was used, and use it again',
    gives: 'state',
    kind: 'approval',
    claims: claim.totp('succeeds'),
    async run(scene) {
      const before = await scene.hands.read(scene.inState('approvers.json'));
      const client = await scene.start();
      const code = await spentCode(scene, await scene.ask(client, 'OTHER'));
      await scene.hands.write(scene.inState('approvers.json'), before);
      const asked = await scene.ask(client, 'API_KEY', 2);
      await (await openGuesser(scene, asked)).try(code);
      return scene.wasApproved(asked);
    },
  },
];

interface Guesser {
  try(code: string): Promise<unknown>;
  tryWrong(): Promise<unknown>;
  tryRight(): Promise<unknown>;
}

async function openGuesser(scene: Scene, { path }: Asked): Promise<Guesser> {
  const visitor: Visitor = scene.visitor();
  const form = formOf((await visitor.get(path)).body);
  const attempt = (totp: string): Promise<unknown> => visitor.post(path, { ...form, decision: 'approve', totp });
  const wrong = (): string => {
    const near = new Set([-2, -1, 0, 1, 2].map((ahead) => scene.person.code(ahead)));
    for (let code = 0; ; code += 1) {
      const text = String(code).padStart(6, '0');
      if (!near.has(text)) return text;
    }
  };
  return { try: attempt, tryWrong: () => attempt(wrong()), tryRight: () => attempt(scene.person.code()) };
}

/** The person approves another request for this once; whoever looks over their shoulder has the code. */
async function spentCode(scene: Scene, theirs: Asked): Promise<string> {
  const code = scene.person.code();
  const visitor = scene.visitor();
  await visitor.submit(theirs.path, { decision: 'approve', window: '0', scope: 'secret', totp: code });
  if ((await theirs.answer).includes(canary) || !(await theirs.answer).includes('something else'))
    throw new Error(`the person’s own approval did not count: ${await theirs.answer}`);
  return code;
}
