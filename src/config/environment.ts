import { VaultError } from '../core/errors.ts';
import type { JsonObject } from './json.ts';
import { quoted } from './explain.ts';
import type { Environment } from './variables.ts';

/** One vault from variables alone, as before there was a config file; null if they name none. */
export function environmentConfig(env: Environment): JsonObject | null {
  const provider = env['AGENT_VAULT_PROVIDER'] ?? '';
  const file = env['AGENT_VAULT_ENV_FILE'] ?? '';
  const token = env['OP_SERVICE_ACCOUNT_TOKEN'] ?? '';
  if (provider === 'env') return file === '' ? lacking(provider, 'AGENT_VAULT_ENV_FILE') : envVault(file);
  if (provider === '1password')
    return token === '' ? lacking(provider, 'OP_SERVICE_ACCOUNT_TOKEN') : onePasswordVault(env);
  if (provider !== '') throw unknown(provider);
  if (file !== '') return envVault(file);
  return token === '' ? null : onePasswordVault(env);
}

function envVault(file: string): JsonObject {
  return { vaults: { env: { type: 'env', file } } };
}

/** The token itself stays where it is: a vault without one takes it from OP_SERVICE_ACCOUNT_TOKEN. */
function onePasswordVault(env: Environment): JsonObject {
  const ids = (env['AGENT_VAULT_1P_VAULTS'] ?? '').split(',').map((id) => id.trim());
  const vaultIds = ids.filter((id) => id !== '');
  return { vaults: { '1password': { type: '1password', ...(vaultIds.length > 0 && { vaultIds }) } } };
}

function lacking(provider: string, variable: string): never {
  throw new VaultError('config_invalid', `AGENT_VAULT_PROVIDER=${provider} needs ${variable}`, {
    hint: `set ${variable}, or write an agent-vault.config.json`,
  });
}

function unknown(provider: string): VaultError {
  return new VaultError(
    'config_invalid',
    `AGENT_VAULT_PROVIDER must be "env" or "1password", not ${quoted(provider)}`,
    {
      hint: 'other providers need an agent-vault.config.json',
    },
  );
}
