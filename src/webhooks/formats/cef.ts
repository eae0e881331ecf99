import { z } from 'zod';
import { cefLine } from './cef-line.ts';
import { defineFormat } from './define.ts';
import { byStatus } from './judge.ts';

export const cef = defineFormat({
  type: 'cef',
  about: "ArcSight's Common Event Format over HTTP, one line an event",
  options: z.strictObject({}),
  format: (_, context) => ({
    contentType: 'text/plain; charset=utf-8',
    batch: { events: 500, bytes: 1_000_000 },
    item: (event) => `${cefLine(event, context)}\n`,
    body: (items) => items.join(''),
    judge: byStatus,
  }),
});
