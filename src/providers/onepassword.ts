import { z } from 'zod';
import { VaultError } from '../core/errors.ts';
import { defineProvider } from '../core/plugin.ts';
import type { PluginContext } from '../core/plugin.ts';
import type { Provider, ProviderCall } from '../core/ports.ts';
import { Secret } from '../core/secret.ts';
import { Catalogue } from './onepassword-catalogue.ts';
import type { OnePassword } from './onepassword-client.ts';
import { listEntries, resolveNames } from './onepassword-names.ts';
import type { WriteSettings } from './onepassword-plan.ts';
import type { Greeting } from './onepassword-protocol.ts';
import { fetchValues } from './onepassword-reader.ts';
import { childEntry, openRemote } from './onepassword-remote.ts';
import { createWriter } from './onepassword-writer.ts';

/** Bound of one call to 1Password, sign-in included: the SDK itself has none. */
const answerMs = 20_000;
/** As long as the desktop app remembers a permission without use. */
const idleMs = 10 * 60_000;
/** What 1Password shows in its activity log; the version of package.json. */
export const integrationVersion = '0.1.0';

const options = z.object({
  serviceAccountToken: z
    .string()
    .optional()
    .describe('token of a service account; without it and without account: OP_SERVICE_ACCOUNT_TOKEN'),
  account: z
    .string()
    .min(1)
    .optional()
    .describe(
      'instead of a token: sign in through the desktop app, to the account of this name (top of its side bar) or ID',
    ),
  vaultIds: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('IDs of the 1Password vaults that may be used; without it: all that the account sees'),
  write: z
    .strictObject({
      vaultId: z.string().min(1).describe('ID of the only 1Password vault that is written to; one of vaultIds'),
      category: z
        .enum(['login', 'password', 'secure_note', 'api_credentials'])
        .default('login')
        .describe('what new items become'),
    })
    .optional()
    .describe('where new items are created; without it, items can be replaced in all vaults in use, and none created'),
});

export const onepassword = defineProvider({
  type: '1password',
  about: 'items and fields of 1Password, through a service account or the desktop app',
  options,
  open: async (given, context) => {
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
  },
});

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
  const writer = createWriter({ client, catalogue, settings: write });
  return {
    list: (call) => unlessAborted(call, () => listEntries(catalogue)),
    resolve: (names, call) => unlessAborted(call, () => resolveNames(catalogue, names)),
    fetch: (entries, call) => unlessAborted(call, () => fetchValues({ client, catalogue }, entries)),
    writer: {
      plan: (writes, call) => unlessAborted(call, () => writer.plan(writes, call)),
      // Never left half-way: it looks at the signal itself, between two writes.
      write: (writes, call) => writer.write(writes, call),
    },
    close: () => client.close(),
  };
}

type SignIn = { readonly token: Secret } | { readonly account: string };

function signInFor({ serviceAccountToken, account }: z.infer<typeof options>): SignIn {
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

function checkWrite({ vaultIds, write }: z.infer<typeof options>): void {
  if (write === undefined || vaultIds === undefined || vaultIds.includes(write.vaultId)) return;
  throw new VaultError('config_invalid', 'write.vaultId is not one of vaultIds', { hint: 'add it to vaultIds' });
}

function greetingOf(signIn: SignIn): Greeting {
  const how = 'token' in signIn ? { token: signIn.token.reveal() } : signIn;
  return { signIn: how, version: integrationVersion };
}

/** Stops waiting when nobody waits any more; what 1Password was asked goes on, within its bound. */
async function unlessAborted<Answer>({ signal }: ProviderCall, answer: () => Promise<Answer>): Promise<Answer> {
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(new VaultError('closing', 'the call was cancelled'));
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([gone.promise, signal.aborted ? gone.promise : answer()]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
