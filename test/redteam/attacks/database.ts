import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { Authenticator } from '../../support/authenticator.ts';
import type { Attack } from '../attack.ts';
import { claim } from '../attack.ts';
import { NotAllowed } from '../hands.ts';
import type { Asked, Scene } from '../scene.ts';
import { canary } from '../scene.ts';

const forger = join(import.meta.dirname, '../forge-rows.ts');

/** Through the audit log, which lies in the project's folder. */
export const database: readonly Attack[] = [
  {
    id: 'row-approved',
    title: 'write “approved” for an open request into the database, with a fitting chain and a signature of its own',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const asked = await scene.ask(await scene.start());
      await forge(scene, scene.inProject('agent-vault.db'), {
        request_id: asked.id,
        action: 'approved',
        factor: 'passkey',
      });
      return cameAnyhow(asked);
    },
  },
  {
    id: 'row-approved-restart',
    title: 'write it, restart the broker, ask again',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      await forge(scene, scene.inProject('agent-vault.db'), {
        request_id: asked.id,
        action: 'approved',
        factor: 'passkey',
      });
      await client.close();
      return scene.readsUnasked(await scene.start());
    },
  },
  {
    id: 'window-forged',
    title: 'write an open window into the database',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client, 'OTHER');
      const row = {
        request_id: asked.id,
        secret_name: 'API_KEY',
        scope: 'vault',
        ttl_expires_at: '2099-01-01T00:00:00.000Z',
      };
      for (const action of ['approved', 'released', 'auto_approved'])
        await forge(scene, scene.inProject('agent-vault.db'), { ...row, action, factor: 'passkey' });
      return scene.readsUnasked(client, 'API_KEY', 2);
    },
  },
  {
    id: 'database-symlink',
    title: 'put a link to a database of its own in the database’s place, with approvals and windows in it',
    gives: 'project',
    kind: 'approval',
    claims: claim.resisted,
    async run(scene) {
      const client = await scene.start();
      const asked = await scene.ask(client);
      await client.close();
      const [real, own] = [scene.inProject('agent-vault.db'), join(scene.site.agent.home, 'own.db')];
      await scene.hands.rename(real, own);
      const row = {
        request_id: asked.id,
        scope: 'vault',
        ttl_expires_at: '2099-01-01T00:00:00.000Z',
        factor: 'passkey',
      };
      for (const action of ['approved', 'auto_approved']) await forge(scene, own, { ...row, action });
      await scene.hands.symlink(real, own);
      return scene.readsUnasked(await scene.start());
    },
  },
];

/** Appends a copy of the last row with these columns, and a decision that a key of the agent's own has signed. */
async function forge(scene: Scene, file: string, columns: Record<string, string>): Promise<void> {
  const assertion = new Authenticator().sign(
    { challenge: 'forged', rpId: 'vault.example.test' },
    'https://vault.example.test',
  );
  const ran = await scene.hands.run(process.execPath, [forger, file, JSON.stringify(columns), assertion]);
  // In a folder that is closed to the account, SQLite sees none.
  if (/unable to open|directory does not exist/u.test(ran.stderr)) throw new NotAllowed('the database is out of reach');
  if (ran.code !== 0) throw new Error(`the rows were not forged: ${ran.stderr}`);
}

/** Nothing tells the broker of the rows, so it is given a second to find them. */
async function cameAnyhow({ answer }: Asked): Promise<boolean> {
  const late = setTimeout(1_000, '', { ref: false });
  return (await Promise.race([answer, late])).includes(canary);
}
