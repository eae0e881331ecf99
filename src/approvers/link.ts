import { defineFactor } from './define.ts';

/** Holding the link is all it takes. An agent that reads the link can decide too, which is why the page says so. */
export const link = defineFactor({
  factor: 'link',
  says: 'Anyone who has this link can decide. Do not pass it on.',
  fields: [],
  prove: async () => ({ name: 'link holder', factor: 'link' }),
});
