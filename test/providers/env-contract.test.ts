import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeProvider } from '../contract/provider-contract.ts';
import { envFile } from '../../src/providers/env-file.ts';
import { contextFor } from './env-bench.ts';

const secrets = new Map([
  ['STRIPE_KEY', 'canary-stripe-9f2c'],
  ['DATABASE_URL', 'canary-postgres://u:p@h/db'],
  ['PRIVATE_KEY', 'canary-BEGIN\nline two\nEND'],
]);

describeProvider(
  'env',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-env-'));
    const path = join(folder, '.env.secrets');
    await writeFile(path, [...secrets].map(([name, value]) => `${name}='${value}'\n`).join(''), { mode: 0o600 });
    return {
      provider: await envFile.open({ file: '.env.secrets' }, contextFor(folder, [])),
      secrets,
      freshName: 'NEW_TOKEN',
      add: (name, value) => writeFile(path, `${name}='${value}'\n`, { flag: 'a' }),
      remove: async (name) =>
        writeFile(path, (await readFile(path, 'utf8')).replace(new RegExp(`^${name}='[^']*'\\n`, 'mu'), '')),
      cleanUp: () => rm(folder, { recursive: true }),
    };
  },
  { writes: true },
);
