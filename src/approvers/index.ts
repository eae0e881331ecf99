import type { Factor } from './define.ts';
import * as all from './all.ts';

export type { Factor } from './define.ts';

/** The weakest first. */
export const factors: readonly Factor[] = Object.values(all).toSorted((a, b) => a.strength - b.strength);
