import { z } from 'zod';
import { defineFormat } from './define.ts';
import { recordOf } from './facts.ts';
import { byStatus } from './judge.ts';

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, version 1.0.0. */
export const standard = defineFormat({
  type: 'standard',
  about: 'Standard Webhooks: `type`, `timestamp` and `data`',
  options: z.strictObject({}),
  format: () => ({
    contentType: 'application/json',
    batch: { events: 1, bytes: 1_000_000 },
    item: (event) => {
      const { type, timestamp, ...data } = recordOf(event);
      return JSON.stringify({ type, timestamp, data });
    },
    body: (items) => items.join(''),
    judge: byStatus,
  }),
});
