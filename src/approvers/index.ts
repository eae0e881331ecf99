import type { Approver } from '../core/request.ts';
import type { Factor } from './define.ts';
import * as all from './all.ts';

export type { Attempt, Factor } from './define.ts';

export const factors: readonly Factor[] = Object.values(all);

/** Null for a factor that this version does not have. */
export function factorNamed(name: Approver['factor']): Factor | null {
  return factors.find(({ factor }) => factor === name) ?? null;
}
