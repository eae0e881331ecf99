import * as all from './all.ts';
import type { FormatPlugin } from './define.ts';

export const formatPlugins: readonly FormatPlugin[] = Object.values<FormatPlugin>(all);
