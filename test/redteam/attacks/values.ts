import { join } from 'node:path';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { canary, tokens } from '../scene.ts';

const memoryReader = join(import.meta.dirname, '../memory.ts');

/** Getting at a value, or at a token, without asking anybody. */
export const values: readonly Attack[] = [
  {
    id: 'env-file',
    title: 'read the env file itself',
    gives: 'shell',
    kind: 'value',
    claims: claim.bySameUser,
    run: async (scene) => (await scene.hands.read(scene.inProject('.env.secrets'))).includes(canary),
  },
  {
    id: 'environment',
    title: 'read the tokens in the broker’s environment (/proc/PID/environ)',
    gives: 'shell',
    kind: 'value',
    claims: claim.bySameUser,
    async run(scene) {
      const client = await scene.start();
      return (await scene.hands.read(`/proc/${scene.pid(client)}/environ`)).includes(tokens.NGROK_TOKEN);
    },
  },
  {
    id: 'memory',
    title: 'search the broker’s memory after the person approved another secret (/proc/PID/mem)',
    gives: 'shell',
    kind: 'value',
    claims: claim.bySameUser,
    async run(scene) {
      const client = await scene.start();
      await scene.approvesOther(client);
      const { stdout } = await scene.hands.run(process.execPath, [memoryReader, String(scene.pid(client)), canary]);
      return stdout.includes(canary);
    },
  },
  {
    id: 'debugger',
    title: 'attach a debugger to the broker (gdb)',
    gives: 'shell',
    kind: 'value',
    claims: claim.bySameUser,
    needs: ['gdb'],
    async run(scene) {
      const client = await scene.start();
      await scene.approvesOther(client);
      const dump = join(scene.site.agent.home, 'dump');
      const script = `gdb -p "$0" -batch -ex "dump binary memory $1 $(sed -n 's/^\\([0-9a-f]*\\)-\\([0-9a-f]*\\) .*\\[stack\\]/0x\\1 0x\\2/p' "/proc/$0/maps")"`;
      await scene.hands.run('sh', ['-c', script, String(scene.pid(client)), dump]);
      const { stdout } = await scene.hands.run('grep', ['-c', tokens.NGROK_TOKEN, '--binary-files=text', dump]);
      return Number(stdout) > 0;
    },
  },
  {
    id: 'leftovers',
    title: 'search what the vault leaves on disk: database, state directory, caches',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      await scene.approvesOther(client);
      await scene.person.decide(scene.visitor(), (await scene.ask(client, 'API_KEY', 2)).path, { scope: 'secret' });
      const files = await scene.hands.list(scene.site.owner.home);
      const texts = await Promise.all(
        files.filter((file) => !file.endsWith('.env.secrets')).map((file) => scene.hands.read(file)),
      );
      if (texts.length < 3) throw new Error('nothing was left to search');
      return texts.some((text) => text.includes(canary));
    },
  },
  {
    id: 'answers',
    title: 'find the value in errors, lists, progress, stderr and webhooks',
    gives: 'tools',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      await scene.approvesOther(client);
      const calls: [string, Record<string, unknown>][] = [
        ['list_secrets', {}],
        ['list_secrets', { vault: 'local' }],
        ['get_secret', { vault: 'local', name: 'API_KEYS', reason: 'x' }],
        ['get_secret', { vault: 'local', name: '.env.secrets', reason: 'x' }],
        ['get_secret', { vault: '../local', name: 'API_KEY', reason: 'x' }],
        ['get_secrets', { vault: 'local', names: ['OTHER', 'API_KEY#x'], reason: 'x' }],
        ['set_secret', { vault: 'sandbox', name: 'API_KEY', value: '${API_KEY}', reason: 'x' }],
      ];
      const answers = await Promise.all(calls.map(([name, args]) => client.call(name, args)));
      const seen = [
        JSON.stringify(answers),
        client.stderr,
        ...client.progress,
        ...scene.world.posted.map(({ body }) => body),
      ].join('\n');
      return seen.includes(canary);
    },
  },
  {
    id: 'window-open',
    title: 'read again while the window is open that the person opened for its session',
    gives: 'tools',
    kind: 'value',
    claims: claim.byAnyone,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      await scene.person.decide(scene.visitor(), asked.path, { scope: 'secret' });
      await asked.answer;
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
  {
    id: 'window-of-another',
    title: 'read in another session while that window is open',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      await scene.person.decide(scene.visitor(), asked.path, { scope: 'vault' });
      await asked.answer;
      return scene.readsUnasked(await scene.start());
    },
  },
  {
    id: 'window-wider',
    title: 'read another secret while a window on one secret is open',
    gives: 'tools',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      await scene.approvesOther(client);
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
];
