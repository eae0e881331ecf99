import type { z } from 'zod';
import { VaultError } from '../core/errors.ts';
import { openChild } from '../platform/child.ts';
import type { Child, ChildOptions } from '../platform/child.ts';
import type { OnePassword } from './onepassword-client.ts';
import { childError, faultError } from './onepassword-errors.ts';
import { answers, reply } from './onepassword-protocol.ts';
import type { Question } from './onepassword-protocol.ts';

/** 1Password through its SDK in a child process, which is started with the first question. */
export function openRemote(options: Omit<ChildOptions, 'env'>): OnePassword {
  return remoteFor(openChild({ ...options, env: childEnvironment(process.env) }));
}

/** Speaks the protocol of `onepassword-protocol.ts` with whoever answers. */
export function remoteFor(child: Child): OnePassword {
  const ask = async <Schema extends z.ZodType>(schema: Schema, question: Question): Promise<z.output<Schema>> =>
    parsed(schema, await answerOf(child, question));
  return {
    vaults: () => ask(answers.vaults, { ask: 'vaults' }),
    items: (vaultId) => ask(answers.items, { ask: 'items', vaultId }),
    get: (vaultId, itemIds) => ask(answers.get, { ask: 'get', vaultId, itemIds: [...itemIds] }),
    resolve: (references) => ask(answers.resolve, { ask: 'resolve', references: [...references] }),
    create: (item) => ask(answers.create, { ask: 'create', ...item, value: item.value.reveal() }),
    put: ({ vaultId, itemId, place, from, to }) =>
      ask(answers.put, { ask: 'put', vaultId, itemId, place, from: from.reveal(), to: to.reveal() }),
    delete: (vaultId, itemIds) => ask(answers.delete, { ask: 'delete', vaultId, itemIds: [...itemIds] }),
    close: () => child.close(),
  };
}

/** The source beside this file, or the built child wherever the bundler put this module: beside it or in `chunks`. */
export function childEntry(from: string): URL {
  if (from.endsWith('.ts')) return new URL('./onepassword-child.ts', from);
  return new URL(/\/chunks\/[^/]+$/.test(from) ? '../onepassword-child.js' : './onepassword-child.js', from);
}

/**
 * What the SDK needs to find the network and the desktop app. No token, and not NODE_OPTIONS, which can load code.
 * Other variables may hold the secrets of whoever started us.
 */
export function childEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = Object.keys(env).filter((name) => allowList.has(name.toUpperCase()));
  return Object.fromEntries(names.map((name) => [name, env[name] ?? '']));
}

async function answerOf(child: Child, question: Question): Promise<unknown> {
  const raw = await child.ask(question).catch((thrown: unknown) => {
    throw childError(thrown);
  });
  const said = parsed(reply, raw);
  if ('fault' in said) throw faultError(said.fault, said.detail);
  return said.answer;
}

/** A parser's complaint could quote a value: it is not kept. */
function parsed<Schema extends z.ZodType>(schema: Schema, raw: unknown): z.output<Schema> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw new VaultError('provider_unavailable', '1Password answered in a form that is not known to Agent Vault');
}

const allowList = new Set([
  ...['HOME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'LOCALAPPDATA', 'SYSTEMROOT', 'WINDIR'],
  ...['TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'TZ'],
  ...['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY'],
  ...[
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'NODE_USE_ENV_PROXY',
    'NODE_EXTRA_CA_CERTS',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
  ],
]);
