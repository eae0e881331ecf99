import type { Factor } from './define.ts';
import * as all from './all.ts';

export type { Attempt, Factor } from './define.ts';

export const factors: readonly Factor[] = Object.values(all);
