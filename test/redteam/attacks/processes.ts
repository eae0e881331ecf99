import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { mainFile } from '../../support/vault.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import type { Scene } from '../scene.ts';
import { as, canary, tokens } from '../scene.ts';

/** Where Node's debugger listens. */
const inspectorPort = 9229;

/** Getting into the broker’s process, or having it write its memory down. */
export const processes: readonly Attack[] = [
  {
    id: 'sigusr1',
    title: 'open Node’s debugger by SIGUSR1 while the broker runs',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      await scene.ask(client);
      for (let times = 0; times < 20; times += 1) await scene.hands.signal(scene.pid(client), 'SIGUSR1');
      await client.client.ping();
      return inspectorAnswers();
    },
  },
  {
    id: 'sigusr1-early',
    title: 'open it in the broker’s first milliseconds, and keep it',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      for (let round = 0; round < 8; round += 1) {
        if (await keepsInspector(scene, round * 6)) return true;
      }
      return false;
    },
  },
  {
    id: 'inspect-option',
    title: 'have it start with a debugger (NODE_OPTIONS=--inspect)',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    run: async (scene) =>
      (await serves(scene, { NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}` })) && inspectorAnswers(),
  },
  {
    id: 'preload-option',
    title: 'have it start with code of its own (NODE_OPTIONS=--require), which hides itself',
    gives: 'shell',
    kind: 'value',
    claims: claim.bySameUser,
    async run(scene) {
      const loot = join(scene.site.agent.home, 'loot');
      const code = join(scene.site.agent.home, 'preload.cjs');
      await scene.hands.write(
        code,
        `const fs = require('node:fs'); process.execArgv = []; process.env.NODE_OPTIONS = '';
        fs.writeFileSync(${JSON.stringify(loot)}, JSON.stringify(process.env));`,
      );
      await serves(scene, { NODE_OPTIONS: `--require=${code}` });
      return (await scene.hands.read(loot)).includes(tokens.NGROK_TOKEN);
    },
  },
  {
    id: 'report-on-signal',
    title: 'have it write a diagnostic report (NODE_OPTIONS=--report-on-signal)',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    run: (scene) =>
      writesDown(scene, `--report-on-signal --report-signal=SIGUSR2 --report-directory=${scene.site.agent.home}`),
  },
  {
    id: 'heap-snapshot',
    title: 'have it write a heap snapshot (NODE_OPTIONS=--heapsnapshot-signal)',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    run: (scene) => writesDown(scene, `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${scene.site.agent.home}`),
  },
  {
    id: 'core-file',
    title: 'crash it for a core file, some calls after a release',
    gives: 'shell',
    kind: 'value',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const pid = scene.pid(client);
      await scene.hands.run('prlimit', [`--pid=${pid}`, '--core=unlimited:unlimited']);
      const asked = await scene.ask(client);
      await scene.person.decide(scene.visitor(), asked.path, { scope: 'secret' });
      await asked.answer;
      // A core file holds the registers of each thread, whatever it leaves out, and with them what was copied last.
      for (let calls = 0; calls < 5; calls += 1) await client.call('list_secrets', {});
      await scene.hands.signal(pid, 'SIGABRT');
      await client.client.ping().catch(() => null);
      return holdsLoot(scene, scene.site.project);
    },
  },
];

/** Whether a broker that the agent starts with this environment takes calls. In another account it has no tokens to start it with. */
async function serves(scene: Scene, env: Record<string, string>): Promise<boolean> {
  const isOther = scene.site.agent.uid !== scene.site.owner.uid;
  const own = isOther ? { NGROK_TOKEN: '', LOG_KEY: '' } : {};
  return scene.launch({ env: { ...own, ...env } }).then(
    () => true,
    () => false,
  );
}

async function inspectorAnswers(): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${inspectorPort}/json/version`, {
    signal: AbortSignal.timeout(500),
  }).catch(() => null);
  return answer?.ok === true;
}

/** Whether a broker that was signalled so early serves, with its debugger open. */
async function keepsInspector(scene: Scene, delayMs: number): Promise<boolean> {
  const [command, ...args] = as(scene.site.owner, [process.execPath, mainFile]);
  const child = spawn(command, args, {
    cwd: scene.site.project,
    env: scene.vault.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  let answer = '';
  child.stdout.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'early', version: '1' } };
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  await setTimeout(delayMs);
  for (let times = 0; times < 10; times += 1) await scene.hands.signal(child.pid ?? 0, 'SIGUSR1').catch(() => null);
  await Promise.race([ended, setTimeout(600)]);
  const kept = answer.includes('serverInfo') && (await inspectorAnswers());
  child.kill('SIGKILL');
  await ended;
  return kept;
}

/** Whether a file with the value or a token appears after SIGUSR2. */
async function writesDown(scene: Scene, options: string): Promise<boolean> {
  const client = await scene.launch({ env: { NODE_OPTIONS: options } }).catch(() => null);
  if (client === null) return false;
  await scene.hands.signal(scene.pid(client), 'SIGUSR2').catch(() => null);
  await client.client.ping().catch(() => null);
  await setTimeout(300);
  return holdsLoot(scene, scene.site.agent.home);
}

async function holdsLoot(scene: Scene, folder: string): Promise<boolean> {
  const files = (await scene.hands.list(folder)).filter((file) => /core|report|heap/u.test(file.slice(folder.length)));
  for (const file of files) {
    const { stdout } = await scene.hands.run('grep', ['-c', '--binary-files=text', canary, file]);
    if (Number(stdout) > 0) return true;
  }
  return false;
}
