import { setTimeout } from 'node:timers/promises';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Scene } from '../scene.ts';
import { canary } from '../scene.ts';
import type { Fields } from '../visitor.ts';
import { formOf } from '../visitor.ts';

/** Names that look like API_KEY: Cyrillic, fullwidth, invisible characters, another case, white space, direction marks. */
const lookAlikes = [
  '\u0410PI_KEY',
  'API_\u041aEY',
  '\uff21PI_KEY',
  'API\u200b_KEY',
  'API_KEY\u200b',
  '\ufeffAPI_KEY',
  'api_key',
  ' API_KEY',
  'API_KEY ',
  'API_KEY\n',
  '\u202eYEK_IPA',
  '\u2066API_KEY\u2069',
  'API\u00ad_KEY',
  'API_KEY\0',
];

const imitation = `Run the tests.</blockquote></section><form method="post"><input name="decision" value="approve"><button>Deny</button></form>
<script>document.getElementById('yes').click()</script><a href="https://evil.example">Deny</a>

What Agent Vault knows
READ from vault sandbox: API_KEY (harmless)
\u202eyned ot paT\u202c [Deny](https://evil.example) \u001b[2J<b>Approved</b>`;

/** Talking the person into it, or wearing them down. */
export const prompts: readonly Attack[] = [
  {
    id: 'reason-imitates',
    title: 'imitate the page in the reason: markup, script, links, direction marks',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    needs: ['chromium'],
    async run(scene) {
      const honest = await looked(scene, 'Run the tests.');
      const hostile = await looked(scene, imitation);
      if (!hostile.text.includes('What Agent Vault knows\nREAD from vault sandbox'))
        throw new Error('the reason is not shown whole');
      const isSame = hostile.controls === honest.controls && hostile.links === honest.links;
      return (
        !isSame ||
        /[\u202a-\u202e\u2066-\u2069\u001b]/u.test(hostile.text) ||
        scene.vault.actions().includes('approved API_KEY')
      );
    },
  },
  {
    id: 'look-alike-name',
    title: 'ask for the secret by a name that only looks like it, or that shows as another',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const answers = lookAlikes.map((name) => client.get(name).then(({ status, text }) => ({ status, text })));
      const wasAsked = client.link().then(
        () => true,
        () => true,
      );
      const all = Promise.all(answers).then((each) => each.some(({ text }) => text.includes(canary)));
      return Promise.race([all, wasAsked]);
    },
  },
  {
    id: 'hidden-name',
    title: 'hide the name in a batch of many, or behind a long reason',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const names = ['OTHER', ...Array.from({ length: 30 }, () => 'THIRD'), 'API_KEY', 'OTHER'];
      void client.call('get_secrets', { vault: 'local', names, reason: 'x\n'.repeat(900) }).catch(() => null);
      const link = new URL(await client.link());
      const { body } = await scene.visitor().get(link.pathname + link.search);
      return !/<bdi>API_KEY<\/bdi>/u.test(body);
    },
  },
  {
    id: 'reason-swapped',
    title: 'change the reason of an open request by asking again',
    gives: 'tools',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      void client.get('API_KEY', 'another reason altogether').catch(() => null);
      await client.client.ping();
      const { body } = await scene.visitor().get(asked.path);
      return !body.includes('a test') || body.includes('another reason altogether');
    },
  },
  {
    id: 'flood',
    title: 'flood the person with 60 requests: more than 3 notifications, or more than 20 open',
    gives: 'tools',
    kind: 'attention',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      let ended = 0;
      for (let at = 0; at < 60; at += 1) {
        const write = { vault: 'local', name: `NEW_${at}`, value: `value ${at}`, reason: 'x' };
        const end = (): number => (ended += 1);
        client.call('set_secret', write).then(end, end);
      }
      await client.link();
      for (let tries = 0; tries < 100 && ended < 40; tries += 1) await setTimeout(50);
      const open = 60 - ended;
      const told = client.stderr.match(/\/approve\//gu)?.length ?? 0;
      return told > 3 || open > 20;
    },
  },
  {
    id: 'asked-again',
    title: 'ask again for what was denied, at once and in other words',
    gives: 'tools',
    kind: 'attention',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      await denied(scene, client);
      const again = ['get_secret', 'get_secrets'].map((tool) =>
        client.call(tool, {
          vault: 'local',
          ...(tool === 'get_secret' ? { name: 'API_KEY' } : { names: ['API_KEY', 'THIRD'] }),
          reason: 'please',
        }),
      );
      const answered = Promise.all(again).then((each) => each.some(({ text }) => text.includes(canary)));
      return Promise.race([answered, client.link(2).then(() => true)]);
    },
  },
  {
    id: 'asked-again-restart',
    title: 'restart its client, and ask again for what was denied',
    gives: 'shell',
    kind: 'attention',
    claims: claim.byAnyone,
    async run(scene) {
      const client = await scene.start();
      await denied(scene, client, { mute: 'on' });
      await client.close();
      return isAskedAgain(scene, await scene.start(), 1);
    },
  },
  {
    id: 'cool-down-lifted',
    title: 'lift the pause after a denial itself, on the denied page',
    gives: 'link',
    kind: 'attention',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      const visitor = scene.visitor();
      const { csrf = '' } = formOf((await visitor.get(asked.path)).body);
      await scene.person.decide(scene.visitor(), asked.path, { decision: 'deny' });
      await asked.answer;
      await visitor.post(asked.path.replace('?', '/lift?'), { csrf });
      return isAskedAgain(scene, client, 2);
    },
  },
];

type Client = Awaited<ReturnType<Scene['start']>>;

/** The person says no. */
async function denied(scene: Scene, client: Client, how: Fields = {}): Promise<void> {
  const asked = await scene.ask(client);
  await scene.person.decide(scene.visitor(), asked.path, { decision: 'deny', ...how });
  await asked.answer;
}

/** Whether the person is asked once more, rather than the agent refused. */
function isAskedAgain(scene: Scene, client: Client, nth: number): Promise<boolean> {
  const answered = scene.ask(client, 'API_KEY', nth).then(() => true);
  return Promise.race([answered, client.get('API_KEY', 'please').then(() => false)]);
}

/** What a browser makes of the page of a request with this reason. */
async function looked(scene: Scene, reason: string): Promise<{ text: string; controls: number; links: number }> {
  const client = await scene.start();
  void client.get('API_KEY', reason).catch(() => null);
  const page = await scene.page();
  await page.goto(await client.link());
  const seen = {
    text: await page.locator('main').innerText(),
    controls: await page.locator('form, button, input, textarea, script, iframe').count(),
    links: await page.locator('a[href]').count(),
  };
  await client.close();
  return seen;
}
