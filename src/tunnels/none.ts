import { z } from 'zod';
import { defineTunnel } from '../core/plugin.ts';

/** Stays on this machine, on purpose. */
export const none = defineTunnel({
  type: 'none',
  options: z.strictObject({}),
  open: () => ({
    type: 'none',
    connect: async (port) => ({ origin: () => `http://localhost:${port}`, close: async () => undefined }),
  }),
});
