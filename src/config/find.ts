import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { environmentConfig } from './environment.ts';
import type { JsonObject } from './json.ts';
import { isAbsent } from './variables.ts';
import type { Environment } from './variables.ts';

export interface Where {
  readonly cwd: string;
  /** A copy: what was read as a token is removed from the process's own environment, and a later look at the config needs it again. */
  readonly env: Environment;
  /** The home directory. */
  readonly home: string;
}

export type Found =
  | { readonly kind: 'file'; readonly file: string; readonly bytes: Uint8Array }
  | { readonly kind: 'environment'; readonly root: JsonObject };

const fileName = 'agent-vault.config.json';

/**
 * The first there is of: the file that AGENT_VAULT_CONFIG names, the working directory's, the home directory's, and what the
 * environment alone says. A file that is there but cannot be read is an error, not a reason to look further.
 */
export async function findConfig({ cwd, env, home }: Where): Promise<Found> {
  const named = env['AGENT_VAULT_CONFIG'] ?? '';
  if (named !== '') return await namedFile(resolve(cwd, named));
  const found = (await fileAt(join(cwd, fileName))) ?? (await fileAt(join(home, `.${fileName}`)));
  if (found !== null) return found;
  return { kind: 'environment', root: environmentConfig(env) ?? nothing() };
}

async function namedFile(file: string): Promise<Found> {
  const found = await fileAt(file);
  if (found !== null) return found;
  throw new VaultError('config_invalid', `AGENT_VAULT_CONFIG names a file that does not exist: ${oneLine(file)}`, {
    hint: 'create it, or unset AGENT_VAULT_CONFIG',
  });
}

async function fileAt(file: string): Promise<Found | null> {
  try {
    return { kind: 'file', file, bytes: await readFile(file) };
  } catch (thrown) {
    if (isAbsent(thrown)) return null;
    throw new VaultError('config_invalid', `${oneLine(file)}: cannot be read`, {
      hint: 'check who owns it and its mode',
      cause: thrown,
    });
  }
}

function nothing(): never {
  throw new VaultError(
    'config_invalid',
    `there is no ${fileName} in this folder, no ~/.${fileName}, and no AGENT_VAULT_CONFIG`,
    {
      hint: `create one here, such as\n{\n  "vaults": { "local": { "type": "env", "file": ".env.secrets", "ttl": 30 } }\n}`,
    },
  );
}
