import { providerPlugins } from '../providers/index.ts';
import { tunnelPlugins } from '../tunnels/index.ts';
import { formatPlugins } from '../webhooks/config.ts';
import { fileSchema } from './schema.ts';
import { itemsOf, keysOf, shapeOf, words } from './shape.ts';
import type { Shape } from './shape.ts';
import { tunnelShape } from './tunnel.ts';
import { vaultShape } from './vaults.ts';
import { webhookShape } from './webhooks.ts';

export interface ReferenceRow {
  /** Where it stands: `webhooks[].url`, `vaults.<name>.ttl`. */
  readonly key: string;
  /** What it may be, in words. */
  readonly type: string;
  /** As JSON; null if there is none. */
  readonly default: string | null;
  readonly about: string;
}

/** Every key of the config file, in the order of the file. The README's table is made from it. */
export function configReference(): readonly ReferenceRow[] {
  return [...keysOf(shapeOf(fileSchema))].flatMap(([key, shape]) => {
    if (key === 'vaults') return vaultRows();
    if (key === 'webhooks') return webhookRows();
    return key === 'tunnel' ? tunnelRows() : rows(key, shape);
  });
}

function vaultRows(): ReferenceRow[] {
  const key = 'vaults.<name>.type';
  const about = providerPlugins.map((plugin) => `\`${plugin.type}\` = ${plugin.about}`).join('; ');
  const type = words({ enum: providerPlugins.map((plugin) => plugin.type) });
  const shapes = providerPlugins.map((plugin) => ({ type: plugin.type, shape: vaultShape(plugin) }));
  return merged('vaults.<name>', shapes).map((row) => (row.key === key ? { key, type, default: null, about } : row));
}

function tunnelRows(): ReferenceRow[] {
  return merged(
    'tunnel',
    tunnelPlugins.map((plugin) => ({ type: plugin.type, shape: tunnelShape(plugin) })),
  );
}

function webhookRows(): ReferenceRow[] {
  return merged(
    'webhooks[]',
    formatPlugins.map((plugin) => ({ type: plugin.type, shape: webhookShape(plugin) })),
  );
}

interface Typed {
  readonly type: string;
  readonly shape: Shape;
}

/** The keys of all plug-ins of a kind, each once; those that not all have say whose they are. */
function merged(place: string, plugins: readonly Typed[]): ReferenceRow[] {
  const found = new Map<string, { row: ReferenceRow; types: string[] }>();
  for (const { type, shape } of plugins) {
    for (const row of rows(place, shape)) {
      const known = found.get(row.key);
      if (known === undefined) found.set(row.key, { row, types: [type] });
      else known.types.push(type);
    }
  }
  const whose = (types: string[]) => (types.length === plugins.length ? '' : `(${types.join(', ')}) `);
  return [...found.values()].map(({ row, types }) => ({ ...row, about: whose(types) + row.about }));
}

/** What holds other keys has no row of its own. */
function rows(key: string, shape: Shape): ReferenceRow[] {
  const inner = [...keysOf(shape)].flatMap(([name, member]) => rows(`${key}.${name}`, member));
  const ofItems = shape['type'] === 'array' ? [...keysOf(itemsOf(shape))] : [];
  const items = ofItems.flatMap(([name, member]) => rows(`${key}[].${name}`, member));
  return inner.length + items.length > 0 ? [...inner, ...items] : [rowOf(key, shape)];
}

function rowOf(key: string, shape: Shape): ReferenceRow {
  const { description, default: value } = shape;
  return {
    key,
    type: words(shape),
    default: value === undefined ? null : JSON.stringify(value),
    about: typeof description === 'string' ? description : '',
  };
}
