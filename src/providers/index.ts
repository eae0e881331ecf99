import type { ProviderPlugin } from '../core/plugin.ts';
import * as all from './all.ts';

export { dotenvParser } from './dotenv-parser.ts';
export { slowToParse } from './dotenv-slowness.ts';

export const providerPlugins: readonly ProviderPlugin[] = Object.values<ProviderPlugin>(all);
