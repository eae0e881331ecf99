import type { TunnelPlugin } from '../core/plugin.ts';
import { didYouMean } from '../core/text.ts';
import { tunnelPlugins } from '../tunnels/index.ts';
import type { TunnelConfig } from './config.ts';
import { quoted } from './explain.ts';
import type { Blame } from './explain.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { shapeOf } from './shape.ts';
import type { Shape } from './shape.ts';
import { expand } from './variables.ts';
import type { Variables } from './variables.ts';
import type { Surroundings } from './vaults.ts';

interface TunnelSource {
  /** The file's key `tunnel`. */
  readonly tunnel: JsonObject;
  readonly token: string | undefined;
  readonly domain: string | undefined;
  readonly around: Surroundings;
}

export interface TunnelOptions {
  readonly type: string;
  readonly own: JsonObject;
  readonly shape: Shape;
  /** Whether the keys at the top of the file count. */
  readonly isNgrok: boolean;
}

/** Stands in for a token that is not in the config. */
export const ownToken = 'NGROK_AUTHTOKEN';

/** Options of ngrok that stand at the top of the file, where they stood before there were other tunnels. */
const atTheTop = new Set<unknown>(['ngrokAuthToken', 'ngrokDomain']);

/** Null where ngrok is meant and has no token. Everything else is checked all the same. */
export function tunnelConfig({ tunnel, token, domain, around }: TunnelSource): TunnelConfig | null {
  const { folder, blame } = around;
  const { type = 'ngrok', ...own } = tunnel;
  const plugin = pluginOf(type, blame);
  refuseMisplaced(own, blame);
  const isNgrok = takesTop(plugin);
  const top = { ngrokAuthToken: token ?? 'none', ...(domain !== undefined && { ngrokDomain: domain }) };
  const given = isNgrok ? { ...own, ...top } : own;
  const { data, error } = plugin.options.strict().safeParse(given);
  const issue = error?.issues[0];
  if (issue !== undefined) {
    const place = atTheTop.has(issue.path[0]) ? [] : ['tunnel'];
    throw blame.issue({ issue, input: given, shape: tunnelShape(plugin), place });
  }
  if (data === undefined || (isNgrok && token === undefined)) return null;
  return { type: plugin.type, open: (ports) => plugin.open(data, { ...ports, place: 'tunnel', folder }) };
}

/** What the key `tunnel` holds, as written; it was checked before. */
export function tunnelOptions({ type: written = 'ngrok', ...own }: JsonObject, variables: Variables): TunnelOptions {
  const { type } = expand({ type: written }, variables).value;
  const plugin = tunnelPlugins.find((each) => each.type === type);
  const shape = plugin === undefined ? {} : shapeOf(plugin.options);
  return { type: plugin?.type ?? '', own, shape, isNgrok: plugin === undefined || takesTop(plugin) };
}

/** What the key `tunnel` may hold for this type. */
export function tunnelShape(plugin: TunnelPlugin): Shape {
  const { properties } = shapeOf(plugin.options);
  const own = isObject(properties) ? Object.entries(properties).filter(([key]) => !atTheTop.has(key)) : [];
  return { type: 'object', properties: { type: typeShape, ...Object.fromEntries(own) } };
}

const typeShape = {
  enum: tunnelPlugins.map(({ type }) => type),
  default: 'ngrok',
  description: '`none`: links work on this machine only, on purpose',
};

function pluginOf(type: unknown, blame: Blame): TunnelPlugin {
  const plugin = tunnelPlugins.find((each) => each.type === type);
  if (plugin !== undefined) return plugin;
  const types = tunnelPlugins.map((each) => each.type);
  const near = typeof type === 'string' ? didYouMean(type, types) : null;
  const hint = near === null ? undefined : `did you mean ${quoted(near)}?`;
  throw blame.at(['tunnel', 'type'], `must be ${types.map((each) => quoted(each)).join(' or ')}`, hint);
}

function takesTop({ options }: TunnelPlugin): boolean {
  return 'ngrokAuthToken' in options.shape;
}

function refuseMisplaced(own: JsonObject, blame: Blame): void {
  const key = Object.keys(own).find((each) => atTheTop.has(each));
  if (key !== undefined) throw blame.at(['tunnel', key], 'stands in the wrong place', 'move it to the top of the file');
}
