import { isObject } from '../config/json.ts';
import type { JsonObject } from '../config/json.ts';
import type { VaultTerms } from '../config/terms.ts';
import { told, toldSecret, toldValue } from './words.ts';

/** Where a vault's secrets are, and with what they are fetched: follows the vault's name as a verb. */
export function sourceInWords({ type, options }: VaultTerms): string {
  if (type === 'env') return `uses the file ${toldValue(options['file'])}`;
  return type === '1password' ? onePassword(options) : other(type, options);
}

function onePassword({ account, serviceAccountToken, vaultIds, write }: JsonObject): string {
  const signIn =
    account === undefined
      ? `uses 1Password with ${toldSecret(serviceAccountToken)} as token`
      : `uses the 1Password account ${toldValue(account)}`;
  const which = vaultIds === undefined ? 'all vaults that it sees' : `the vaults ${toldValue(vaultIds)}`;
  const creates = isObject(write) ? `; creates items in ${toldValue(write['vaultId'])}${category(write)}` : '';
  return `${signIn}, and there ${which}${creates}`;
}

function category({ category: kind }: JsonObject): string {
  return kind === undefined ? '' : ` of the kind ${toldValue(kind)}`;
}

function other(type: string, options: JsonObject): string {
  const settings = Object.entries(options).map(([key, value]) => `${told(key)} ${toldValue(value)}`);
  return settings.length === 0 ? `uses ${told(type)}` : `uses ${told(type)} with ${settings.join(', ')}`;
}
