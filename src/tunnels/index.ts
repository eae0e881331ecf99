import type { TunnelPlugin } from '../core/plugin.ts';
import * as all from './all.ts';

export const tunnelPlugins: readonly TunnelPlugin[] = Object.values<TunnelPlugin>(all);
