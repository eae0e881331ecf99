import type { SetUp } from './attack.ts';

/** What came of one attack on one set-up. */
export interface Measurement {
  readonly id: string;
  readonly setUp: SetUp;
  readonly result: 'resisted' | 'succeeds' | 'not run';
  /** Why it was not run, or who stopped it; null where the result says all. */
  readonly why: string | null;
  readonly ms: number;
}
