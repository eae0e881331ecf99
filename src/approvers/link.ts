import { defineFactor } from './define.ts';

/** Holding the link is all it takes, while nobody was ever paired. An agent that reads the link can decide too. */
export const link = defineFactor({
  factor: 'link',
  strength: 0,
  takes: 'this link',
  counts: ({ generation }) => generation === 0,
});
