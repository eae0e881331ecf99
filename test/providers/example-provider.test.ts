import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeProvider } from '../contract/provider-contract.ts';
import { secretsFolder } from '../fixtures/example-provider.ts';
import { contextFor } from './env-bench.ts';

describeProvider(
  'the example',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-vault-example-'));
    const secrets = new Map([
      ['db_password', 'canary-db-password'],
      ['api_key', 'canary-api-key'],
      ['tls_key', 'canary-line one\nline two\n'],
    ]);
    const add = (name: string, value: string): Promise<void> => writeFile(join(folder, name), value);
    for (const [name, value] of secrets) await add(name, value);
    return {
      provider: await secretsFolder.open({ path: '.' }, contextFor(folder, [])),
      secrets,
      freshName: 'not_there',
      add,
      remove: (name) => rm(join(folder, name)),
      cleanUp: () => rm(folder, { recursive: true }),
    };
  },
  { writes: false },
);
