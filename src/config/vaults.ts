import { z } from 'zod';
import { VaultError } from '../core/errors.ts';
import type { ProviderPlugin } from '../core/plugin.ts';
import type { VaultPolicy } from '../core/policy.ts';
import { didYouMean, oneLine, shortened } from '../core/text.ts';
import { providerPlugins } from '../providers/index.ts';
import type { VaultConfig } from './config.ts';
import { keyOf, quoted } from './explain.ts';
import type { Blame } from './explain.ts';
import type { JsonObject } from './json.ts';
import { vaultSchema } from './schema.ts';
import { shapeOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { expand } from './variables.ts';
import type { Missing, Path, Variables } from './variables.ts';

export interface Surroundings {
  /** Relative paths start here. */
  readonly folder: string;
  readonly variables: Variables;
  /** Whether the process's own environment sets a variable, so that a `.env` beside the config does not count. */
  readonly isInEnvironment: (name: string) => boolean;
  readonly blame: Blame;
}

const commonKeys = new Set(['type', ...Object.keys(vaultSchema.shape)]);

/** Throws `config_invalid` for what nobody can have meant; a variable that is not set only makes this vault unavailable. */
export function vaultConfig(name: string, given: JsonObject, around: Surroundings): VaultConfig {
  const place = ['vaults', name];
  if (!isUsable(name)) throw around.blame.at(place, 'is not a usable name', nameRule);
  const plugin = pluginOf(given, place, around.blame);
  const { value, missing } = expand(withDefaults(plugin, given), around.variables);
  const { policy, options } = checked(plugin, { value, missing, place }, around.blame);
  const base = { name, type: plugin.type, policy };
  const [first] = missing;
  if (first !== undefined) return { ...base, unavailable: unset(name, first) };
  const { folder } = around;
  return { ...base, open: (ports) => plugin.open(options, { ...ports, place: name, folder }) };
}

/** What a vault's provider is told, with what stands in for a token that is not there. */
export function vaultOptions(type: string, given: JsonObject): { options: JsonObject; shape: Shape } {
  const plugin = providerPlugins.find((each) => each.type === type);
  if (plugin === undefined) return { options: given, shape: {} };
  return { options: withoutCommon(withDefaults(plugin, given)), shape: shapeOf(plugin.options) };
}

/** What a vault of this provider may hold, the keys common to all first. */
export function vaultShape(plugin: ProviderPlugin): Shape {
  const type = z.literal(plugin.type).describe(`the provider: ${plugin.about}`);
  return shapeOf(z.object({ type, ...vaultSchema.shape, ...plugin.options.shape }));
}

const nameRule = 'up to 100 visible characters on one line, without space around them';

function isUsable(name: string): boolean {
  return name !== '' && name.length <= 100 && name.trim() === name && oneLine(name) === name;
}

function pluginOf(given: JsonObject, place: Path, blame: Blame): ProviderPlugin {
  const { type } = given;
  const plugin = providerPlugins.find((each) => each.type === type);
  if (plugin !== undefined) return plugin;
  const types = providerPlugins.map((each) => each.type);
  const choice = types.map((each) => quoted(each)).join(' or ');
  if (type === undefined) throw blame.at([...place, 'type'], 'is missing', `it must be ${choice}`);
  const near = typeof type === 'string' ? didYouMean(type, types) : null;
  const hint = near === null ? undefined : `did you mean ${quoted(near)}?`;
  throw blame.at([...place, 'type'], `must be ${choice}`, hint);
}

/** 1Password's own variable stands in for a token that is not there. */
function withDefaults({ options }: ProviderPlugin, given: JsonObject): JsonObject {
  const signsIn = (given['serviceAccountToken'] ?? '') !== '' || given['account'] !== undefined;
  if (signsIn || !('serviceAccountToken' in options.shape)) return given;
  return { ...given, serviceAccountToken: 'env:OP_SERVICE_ACCOUNT_TOKEN' };
}

function withoutCommon(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !commonKeys.has(key)));
}

interface Given {
  readonly value: JsonObject;
  readonly missing: readonly Missing[];
  readonly place: Path;
}

interface Checked {
  readonly policy: VaultPolicy;
  readonly options: Record<string, unknown>;
}

/** What stands where a variable is missing is not judged. */
function checked(plugin: ProviderPlugin, { value, missing, place }: Given, blame: Blame): Checked {
  const members = Object.entries(value);
  const common = vaultSchema.safeParse(Object.fromEntries(members.filter(([key]) => commonKeys.has(key))));
  const options = plugin.options.strict().safeParse(withoutCommon(value));
  const issues = [...(common.error?.issues ?? []), ...(options.error?.issues ?? [])];
  const issue = issues.find(({ path }) => !missing.some((each) => each.path.every((step, at) => step === path[at])));
  if (issue !== undefined) throw blame.issue({ issue, input: value, shape: vaultShape(plugin), place });
  const { ttl, ttlScope, writable, confirm } = common.data ?? vaultSchema.parse({});
  return { policy: { ttlMs: ttl * 60_000, scope: ttlScope, writable, confirm }, options: options.data ?? {} };
}

function unset(vault: string, { name, path }: Missing): VaultError {
  const variable = shortened(oneLine(name), 80);
  const message = `${keyOf(path)} of vault ${quoted(vault)} refers to the variable ${variable}, which is not set`;
  return new VaultError('vault_unavailable', message, {
    hint: 'set it in the environment, or in a .env beside the config',
  });
}
