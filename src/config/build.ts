import { resolve } from 'node:path';
import type { z } from 'zod';
import { oneLine, shortened } from '../core/text.ts';
import type { Config, VaultConfig, WebhookConfig } from './config.ts';
import type { Blame } from './explain.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { fileSchema } from './schema.ts';
import { shapeOf } from './shape.ts';
import type { ApprovalConfig } from './terms.ts';
import { tunnelConfig } from './tunnel.ts';
import { expand } from './variables.ts';
import type { Missing } from './variables.ts';
import { vaultConfig } from './vaults.ts';
import type { Surroundings } from './vaults.ts';

type File = z.infer<typeof fileSchema>;

/** From what the file says to what it means. */
export async function buildConfig(
  root: JsonObject,
  around: Surroundings,
): Promise<Omit<Config, 'file' | 'folder' | 'tokens' | 'policy'>> {
  const { vaults, ...rest } = root;
  const { value, missing } = expand(rest, around.variables);
  const tokenMissing = missing.find(isToken);
  refuseMissing(missing, around.blame);
  const file = checked(vaults === undefined ? value : { ...value, vaults }, around.blame);
  const token = tokenMissing === undefined ? file.ngrokAuthToken || around.variables('NGROK_AUTHTOKEN') : undefined;
  return {
    vaults: vaultsOf(vaults, around),
    tunnel: tunnelConfig({ tunnel: membersOf(value['tunnel']), token, domain: file.ngrokDomain, around }),
    port: file.port,
    approval: approvalOf(file.approval),
    auditFile: file.audit.file === undefined ? null : resolve(around.folder, file.audit.file),
    anchor: file.audit.anchor === undefined ? null : resolve(around.folder, file.audit.anchor),
    webhooks: await webhooksOf(file.webhooks, around),
    notices:
      tokenMissing === undefined ? [] : [`ngrokAuthToken: ${nameOf(tokenMissing)} is not set, so there is no tunnel`],
  };
}

/** What holds for requests where a config says nothing. */
export function approvalDefaults(): ApprovalConfig {
  return approvalOf(fileSchema.shape.approval.parse(undefined));
}

/** Without its token there is no tunnel, but the rest works; whatever else is missing would change what the config means. */
function refuseMissing(missing: readonly Missing[], blame: Blame): void {
  const other = missing.find((each) => !isToken(each));
  if (other === undefined) return;
  throw blame.at(
    other.path,
    `refers to ${nameOf(other)}, which is not set`,
    'set it in the environment, or in a .env beside the config',
  );
}

function isToken({ path }: Missing): boolean {
  return path.length === 1 && path[0] === 'ngrokAuthToken';
}

function nameOf({ name }: Missing): string {
  return `the variable ${shortened(oneLine(name), 80)}`;
}

function checked(value: JsonObject, blame: Blame): File {
  const { data, error } = fileSchema.safeParse(value);
  const issue = error?.issues[0];
  if (issue !== undefined) throw blame.issue({ issue, input: value, shape: shapeOf(fileSchema), place: [] });
  return data ?? fileSchema.parse(value);
}

function vaultsOf(vaults: unknown, around: Surroundings): VaultConfig[] {
  return Object.entries(membersOf(vaults)).map(([name, given]) => vaultConfig(name, membersOf(given), around));
}

function membersOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function approvalOf({ expiresIn, wait, maxOpen, maxPerHour, cooldown }: File['approval']): ApprovalConfig {
  const waitMs = wait === undefined ? null : wait * 1000;
  return { expiresInMs: expiresIn * 1000, waitMs, maxOpen, maxPerHour, cooldownMs: cooldown * 1000 };
}

/** The formats are loaded only where there is a webhook. */
async function webhooksOf(given: readonly unknown[], around: Surroundings): Promise<readonly WebhookConfig[]> {
  if (given.length === 0) return [];
  const { webhookConfigs } = await import('./webhooks.ts');
  return webhookConfigs(given, around);
}
