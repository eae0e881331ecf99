import { dirname, resolve } from 'node:path';
import { VaultError } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { buildConfig } from './build.ts';
import type { Config, WebhookConfig } from './config.ts';
import { blame } from './explain.ts';
import { findConfig } from './find.ts';
import type { Where } from './find.ts';
import { isObject, JsonFault, parseJson } from './json.ts';
import type { JsonObject } from './json.ts';
import { policyOf } from './policy.ts';
import type { PolicySource } from './policy.ts';
import { isSet, openVariables } from './variables.ts';
import type { Variables } from './variables.ts';

/**
 * Finds, reads and checks the config, once. Rejects with `config_invalid`: one line that names the file and the key, and
 * a hint that says what to do (of several lines only where there is no config at all).
 */
export async function loadConfig(where: Where): Promise<Config> {
  const found = await findConfig(where);
  const file = found.kind === 'file' ? found.file : null;
  const root = found.kind === 'file' ? rootOf(found.file, found.bytes) : found.root;
  const folder = file === null ? where.cwd : dirname(file);
  const unreadable: string[] = [];
  const known = await openVariables(where.env, file === null ? null : folder, (each) => unreadable.push(each));
  const read = new Set<string>();
  const variables: Variables = (name) => {
    read.add(name);
    return known(name);
  };
  const isInEnvironment = (name: string): boolean => isSet(where.env, name);
  const around = { folder, variables, isInEnvironment, blame: blame(file ?? 'environment') };
  const built = await buildConfig(root, around);
  const describeWebhooks = await webhookTerms(built.webhooks);
  const database = where.env['AGENT_VAULT_DB'] ?? '';
  const config = { ...built, auditFile: database === '' ? built.auditFile : resolve(where.cwd, database) };
  return {
    ...config,
    file,
    folder,
    policy: (keyed) => policyOf({ config, written: root, around, describeWebhooks }, keyed),
    tokens: [...read].sort(),
    notices: [...unreadable.map((each) => `${oneLine(each)} cannot be read`), ...built.notices],
  };
}

/** How webhooks are described; loaded only where there are any. */
async function webhookTerms(webhooks: readonly WebhookConfig[]): Promise<PolicySource['describeWebhooks']> {
  if (webhooks.length === 0) return () => [];
  return (await import('./webhook-terms.ts')).webhookTerms;
}

function rootOf(file: string, bytes: Uint8Array): JsonObject {
  const at = oneLine(file);
  const root = parsed(at, decoded(at, bytes));
  if (isObject(root)) return root;
  throw new VaultError('config_invalid', `${at}: must hold an object in braces`);
}

/** Takes a byte order mark off. */
function decoded(at: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new VaultError('config_invalid', `${at}: is not UTF-8 text`, { hint: 'save it as UTF-8', cause });
  }
}

function parsed(at: string, text: string): unknown {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (!(thrown instanceof JsonFault)) throw thrown;
    const { line, column, message } = thrown;
    throw new VaultError('config_invalid', `${at}: line ${line}, column ${column}: ${message}`, {
      hint: 'the file must be JSON: double quotes, no comments, no comma before a closing brace',
    });
  }
}
