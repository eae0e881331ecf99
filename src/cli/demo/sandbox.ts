import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VaultError } from '../../core/errors.ts';

/** Made up, and shaped like what people keep in env files. */
export const value = 'postgres://app:demo-3f9c1b77@db.staging.example:5432/app';

export interface Sandbox {
  readonly folder: string;
  readonly database: string;
  /** The environment of the demo's server. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A folder with a config, an env file, and later a database. */
export async function openSandbox({ auto, keep }: { auto: boolean; keep: string | null }): Promise<Sandbox> {
  const folder = keep === null ? await mkdtemp(join(tmpdir(), 'agent-vault-demo-')) : resolve(keep);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const token = auto ? undefined : process.env['NGROK_AUTHTOKEN'];
  const config = {
    vaults: { sandbox: { type: 'env', file: '.env.secrets', ttl: 5 } },
    ...(token === undefined ? { tunnel: { type: 'none' } } : { ngrokAuthToken: 'env:NGROK_AUTHTOKEN' }),
  };
  const configFile = join(folder, 'agent-vault.config.json');
  await create(configFile, `${JSON.stringify(config, null, 2)}\n`);
  await create(
    join(folder, '.env.secrets'),
    `# made up for the demo\nDATABASE_URL='${value}'\nSTRIPE_KEY='sk_test_made_up'\n`,
  );
  return {
    folder,
    database: join(folder, 'agent-vault.db'),
    // What the demo has approved is nobody's business. Counts only while no approver is paired: the demo then needs them, too.
    env: {
      AGENT_VAULT_CONFIG: configFile,
      AGENT_VAULT_STATE: join(folder, 'state'),
      ...(token === undefined ? {} : { NGROK_AUTHTOKEN: token }),
    },
    close: () => (keep === null ? rm(folder, { recursive: true, force: true }) : Promise.resolve()),
  };
}

/** Never touches a file that is there: it may be somebody's own. */
async function create(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new VaultError('input_invalid', `${file} cannot be created, or is there already`, {
      hint: 'give --keep a new folder',
      cause,
    });
  }
}
