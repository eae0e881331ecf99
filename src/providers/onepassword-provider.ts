import { VaultError } from '../core/errors.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { Provider } from '../core/ports.ts';
import { Secret } from '../core/secret.ts';
import { packageVersion } from '../platform/package.ts';
import { unlessAborted } from './onepassword-abort.ts';
import { Catalogue } from './onepassword-catalogue.ts';
import type { OnePassword } from './onepassword-client.ts';
import { listEntries, resolveNames } from './onepassword-names.ts';
import type { OnePasswordOptions } from './onepassword-options.ts';
import type { WriteSettings } from './onepassword-plan.ts';
import type { Greeting } from './onepassword-protocol.ts';
import { fetchValues } from './onepassword-reader.ts';
import { childEntry, openRemote } from './onepassword-remote.ts';
import { createWriter } from './onepassword-writer.ts';

/** Bound of one call to 1Password, sign-in included: the SDK itself has none. */
const answerMs = 20_000;
/** As long as the desktop app remembers a permission without use. */
const idleMs = 10 * 60_000;

/** The provider over the SDK in a child process, which starts with the first call. Throws `config_invalid`, `vault_unavailable`. */
export function openOnePassword(given: OnePasswordOptions, context: PluginContext): Provider {
  const signIn = signInFor(given);
  checkWrite(given);
  const client = openRemote({
    entry: childEntry(import.meta.url),
    greeting: () => greetingOf(signIn),
    answerMs,
    idleMs,
    clock: context.clock,
  });
  return providerFor(client, given, context);
}

export interface OnePasswordSettings {
  readonly vaultIds?: readonly string[] | undefined;
  readonly write?: WriteSettings | undefined;
}

/** The provider over any client that keeps to the interface. */
export function providerFor(
  client: OnePassword,
  { vaultIds, write }: OnePasswordSettings,
  { clock, log }: Pick<PluginContext, 'clock' | 'log'>,
): Provider {
  const catalogue = new Catalogue({ client, vaultIds, clock, log });
  const writer = createWriter({ client, catalogue, settings: write, clock, log });
  return {
    list: (call) => unlessAborted(call.signal, () => listEntries(catalogue)),
    resolve: (names, call) => unlessAborted(call.signal, () => resolveNames(catalogue, names)),
    fetch: (entries, call) => unlessAborted(call.signal, () => fetchValues({ client, catalogue }, entries)),
    writer: {
      plan: (writes, call) => unlessAborted(call.signal, () => writer.plan(writes, call)),
      // Looks at the signal itself, so that nothing is left half-way.
      write: (writes, call) => writer.write(writes, call),
    },
    close: () => client.close(),
  };
}

type SignIn = { readonly token: Secret } | { readonly account: string };

function signInFor({ serviceAccountToken, account }: OnePasswordOptions): SignIn {
  const token = serviceAccountToken?.trim() ?? '';
  if (account !== undefined && token !== '')
    throw new VaultError('config_invalid', 'serviceAccountToken and account exclude each other', {
      hint: 'keep one of them',
    });
  if (account !== undefined) return { account };
  if (token !== '') return { token: new Secret(token) };
  throw new VaultError(
    'vault_unavailable',
    'there is no 1Password sign-in: neither serviceAccountToken nor account is set',
    {
      hint: 'set OP_SERVICE_ACCOUNT_TOKEN, or serviceAccountToken or account in the config',
    },
  );
}

function checkWrite({ vaultIds, write }: OnePasswordOptions): void {
  if (write === undefined || vaultIds === undefined || vaultIds.includes(write.vaultId)) return;
  throw new VaultError('config_invalid', 'write.vaultId is not one of vaultIds', { hint: 'add it to vaultIds' });
}

function greetingOf(signIn: SignIn): Greeting {
  const how = 'token' in signIn ? { token: signIn.token.reveal() } : signIn;
  return { signIn: how, version: packageVersion() };
}
