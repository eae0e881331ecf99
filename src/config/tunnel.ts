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
import type { Surroundings } from './vaults.ts';

interface TunnelOptions {
  /** The file's key `tunnel`. */
  readonly tunnel: JsonObject;
  readonly token: string | undefined;
  readonly domain: string | undefined;
  readonly around: Surroundings;
}

/** Options of ngrok that stand at the top of the file, where they stood before there were other tunnels. */
const atTheTop = new Set<unknown>(['ngrokAuthToken', 'ngrokDomain']);

/** Null where ngrok is meant and has no token. Everything else is checked all the same. */
export function tunnelConfig({ tunnel, token, domain, around }: TunnelOptions): TunnelConfig | null {
  const { folder, blame } = around;
  const { type = 'ngrok', ...own } = tunnel;
  const plugin = pluginOf(type, blame);
  refuseMisplaced(own, blame);
  const isNgrok = 'ngrokAuthToken' in plugin.options.shape;
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

function refuseMisplaced(own: JsonObject, blame: Blame): void {
  const key = Object.keys(own).find((each) => atTheTop.has(each));
  if (key !== undefined) throw blame.at(['tunnel', key], 'stands in the wrong place', 'move it to the top of the file');
}
