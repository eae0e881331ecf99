import type { Faults } from '../../support/authenticator.ts';
import { Authenticator } from '../../support/authenticator.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { challenge, Refused, signed } from '../person.ts';
import type { Asked, Scene } from '../scene.ts';
import { formOf } from '../visitor.ts';

/** Against a paired phone, with the link. */
export const passkeys: readonly Attack[] = [
  forgery('foreign-key', 'answer the challenge with a passkey of its own', { foreign: true }),
  forgery('foreign-key-same-id', 'claim the paired passkey’s id for a key of its own', { foreign: true, sameId: true }),
  forgery('bad-signature', 'change the signature', { faults: { badSignature: true } }),
  forgery('no-verification', 'use the person’s security key by touch, without its PIN (UV off)', {
    faults: { uv: false },
  }),
  forgery('no-presence', 'make the device sign without a touch (UP off)', { faults: { up: false } }),
  forgery('no-flags', 'make the device sign with neither (UP and UV off)', { faults: { up: false, uv: false } }),
  forgery('wrong-origin', 'have the person sign on another site', { faults: { origin: 'https://evil.example' } }),
  forgery('near-origin', 'have the person sign on a site below ours', {
    faults: { origin: 'https://evil.vault.example.test' },
  }),
  forgery('plain-origin', 'have the person sign on http', { faults: { origin: 'http://vault.example.test' } }),
  forgery('cross-origin', 'have the person sign in a frame (crossOrigin)', { faults: { crossOrigin: true } }),
  forgery('top-origin', 'have the person sign in a frame of another site (topOrigin)', {
    faults: { topOrigin: 'https://evil.example' },
  }),
  forgery('wrong-rp', 'use a passkey of another host (rpId)', { faults: { rpId: 'evil.example' } }),
  forgery('wider-rp', 'use a passkey of the domain above (rpId)', { faults: { rpId: 'example.test' } }),
  forgery('registration', 'pass off a registration as a signature (type)', { faults: { type: 'webauthn.create' } }),
  {
    ...forgery('old-challenge', 'sign an older challenge', {}),
    async run(scene) {
      const client = await scene.start();
      const theirs = await openForm(scene, await scene.ask(client, 'OTHER'));
      const older = await challenge(theirs.visitor, theirs.asked.path, theirs.form);
      const mine = await openForm(scene, await scene.ask(client, 'API_KEY', 2));
      const begun = await challenge(mine.visitor, mine.asked.path, mine.form);
      const { challenge: stale } = older.options as { challenge: string };
      await mine.visitor.post(mine.asked.path, {
        ...mine.form,
        ...signed(begun, scene.person.phone, { challenge: stale }),
      });
      return scene.wasApproved(mine.asked);
    },
  },
  {
    ...forgery('signature-reused', 'send a signature a second time, for the next request', {}),
    async run(scene) {
      const client = await scene.start();
      const theirs = await openForm(scene, await scene.ask(client, 'OTHER'));
      const sent = await scene.person.sign(theirs.visitor, theirs.asked.path, theirs.form);
      await theirs.visitor.post(theirs.asked.path, { ...theirs.form, ...sent });
      await theirs.asked.answer;
      const mine = await openForm(scene, await scene.ask(client, 'API_KEY', 2));
      await mine.visitor.post(mine.asked.path, { ...mine.form, ...sent });
      const begun = await challenge(mine.visitor, mine.asked.path, mine.form);
      await mine.visitor.post(mine.asked.path, { ...mine.form, ceremony: begun.id, assertion: sent.assertion });
      return scene.wasApproved(mine.asked);
    },
  },
  {
    ...forgery('counter-back', 'use a copy of the key, whose counter lags behind', {}),
    async run(scene) {
      const client = await scene.start();
      const theirs = await openForm(scene, await scene.ask(client, 'OTHER'));
      const sent = await scene.person.sign(theirs.visitor, theirs.asked.path, theirs.form, { counter: 40 });
      await theirs.visitor.post(theirs.asked.path, { ...theirs.form, ...sent });
      await theirs.asked.answer;
      const mine = await openForm(scene, await scene.ask(client, 'API_KEY', 2));
      const begun = await challenge(mine.visitor, mine.asked.path, mine.form);
      await mine.visitor.post(mine.asked.path, { ...mine.form, ...signed(begun, scene.person.phone, { counter: 39 }) });
      return scene.wasApproved(mine.asked);
    },
  },
  {
    ...forgery('altered-choice', 'make “this once” a window on the whole vault between signature and decision', {}),
    async run(scene) {
      const client = await scene.start();
      const { visitor, form, asked } = await openForm(scene, await scene.ask(client, 'OTHER'));
      const sent = await scene.person.sign(visitor, asked.path, { ...form, window: '0', scope: 'secret' });
      await visitor.post(asked.path, { ...form, ...sent, window: '900000', scope: 'vault' });
      await asked.answer;
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
  {
    ...forgery('denial-turned', 'make the person’s “deny” an approval', {}),
    async run(scene) {
      const { visitor, form, asked } = await openForm(scene, await scene.ask(await scene.start()));
      const denial = { ...form, decision: 'deny' };
      const sent = await scene.person.sign(visitor, asked.path, denial).catch(ignoreRefusal);
      await visitor.post(asked.path, { ...form, ...sent, decision: 'approve' });
      return scene.wasApproved(asked);
    },
  },
  {
    ...forgery('two-requests', 'have the person sign for one request what it then sends for another', {}),
    async run(scene) {
      const client = await scene.start();
      const theirs = await openForm(scene, await scene.ask(client, 'OTHER'));
      const mine = await openForm(scene, await scene.ask(client, 'API_KEY', 2));
      const begun = await challenge(mine.visitor, mine.asked.path, mine.form);
      const sent = await scene.person.sign(theirs.visitor, theirs.asked.path, theirs.form);
      await mine.visitor.post(mine.asked.path, { ...mine.form, ceremony: begun.id, assertion: sent.assertion });
      await mine.visitor.post(mine.asked.path, { ...mine.form, ...sent });
      return scene.wasApproved(mine.asked);
    },
  },
  {
    ...forgery('forwarded-origin', 'have the person sign on another site that X-Forwarded-Host names', {}),
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const visitor = scene.visitor('https://vault.example.test', {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      });
      const form = { ...formOf((await visitor.get(asked.path)).body), decision: 'approve' };
      const begun = await challenge(visitor, asked.path, form);
      await visitor.post(asked.path, {
        ...form,
        ...signed(begun, scene.person.phone, { rpId: 'evil.example' }, 'https://evil.example'),
      });
      return scene.wasApproved(asked);
    },
  },
  {
    ...forgery('this-machine', 'have the person’s key sign at localhost instead of the paired host', {}),
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const origin = `http://localhost:${scene.port}`;
      const visitor = scene.visitor(origin);
      const form = { ...formOf((await visitor.get(asked.path)).body), decision: 'approve' };
      const begun = await challenge(visitor, asked.path, form).catch(ignoreRefusal);
      if (begun !== null) await visitor.post(asked.path, { ...form, ...signed(begun, scene.person.phone, {}, origin) });
      return scene.wasApproved(asked);
    },
  },
  {
    ...forgery('other-factor', 'send the fields of other factors: a code, an empty signature', {}),
    async run(scene) {
      const { visitor, form, asked } = await openForm(scene, await scene.ask(await scene.start()));
      for (const fields of [
        { totp: '000000' },
        { totp: '' },
        { ceremony: 'x', assertion: '{}' },
        { ceremony: '', assertion: '' },
        { ceremony: '__proto__', assertion: 'null' },
      ])
        await visitor.post(asked.path, { ...form, ...fields });
      return scene.wasApproved(asked);
    },
  },
  {
    ...forgery('virtual-authenticator', 'drive a headless browser with a virtual authenticator over the page', {}),
    needs: ['chromium'],
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      const page = await scene.page();
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('WebAuthn.enable');
      const options = {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
      } as const;
      await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, isUserVerified: true } });
      await page.goto(asked.link);
      await page.locator('#yes').click();
      await page.locator('#notice').filter({ hasText: /\w/u }).waitFor({ timeout: 10_000 });
      return scene.wasApproved(asked);
    },
  },
];

interface Means {
  readonly faults?: Faults;
  /** Signs with a key that nobody paired. */
  readonly foreign?: boolean;
  readonly sameId?: boolean;
}

/** One request, one challenge over it, one wrong answer. What is signed with the person's key shows that only the fault is in the way. */
function forgery(id: string, title: string, { faults = {}, foreign = false, sameId = false }: Means): Attack {
  return {
    id: `passkey-${id}`,
    title,
    gives: 'link',
    kind: 'approval',
    claims: claim.passkey,
    async run(scene) {
      const { visitor, form, asked } = await openForm(scene, await scene.ask(await scene.start()));
      const begun = await challenge(visitor, asked.path, form);
      const { phone } = scene.person;
      const claimed = sameId ? { credentialId: phone.credentialId } : {};
      const answer = signed(begun, foreign ? new Authenticator() : phone, { ...faults, ...claimed });
      await visitor.post(asked.path, { ...form, ...answer });
      return scene.wasApproved(asked);
    },
  };
}

interface OpenForm {
  readonly visitor: ReturnType<Scene['visitor']>;
  readonly asked: Asked;
  readonly form: Record<string, string | string[]>;
}

async function openForm(scene: Scene, asked: Asked): Promise<OpenForm> {
  const visitor = scene.visitor();
  return { visitor, asked, form: { ...formOf((await visitor.get(asked.path)).body), window: '0', scope: 'secret' } };
}

function ignoreRefusal(thrown: unknown): null {
  if (thrown instanceof Refused) return null;
  throw thrown;
}
