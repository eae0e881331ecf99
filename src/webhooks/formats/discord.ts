import { z } from 'zod';
import { chatText } from './chat.ts';
import { defineFormat } from './define.ts';
import type { Answer, Verdict } from './define.ts';
import { delivered, jsonOf, later, refused } from './judge.ts';

/** A link that a reason holds is not to be loaded: SUPPRESS_EMBEDS. */
const flags = 4;

/** A webhook of a channel. Its address is its credential. */
export const discord = defineFormat({
  type: 'discord',
  about: 'a webhook of a Discord channel',
  options: z.strictObject({}),
  format: () => ({
    contentType: 'application/json',
    batch: { events: 1, bytes: 100_000 },
    // Without it a message that was not kept is no error.
    address: (url) => {
      const waiting = new URL(url);
      waiting.searchParams.set('wait', 'true');
      return waiting;
    },
    item: (event) => {
      const content = chatText(event, { bold: (title) => `**${title}**`, escape: (text) => text });
      return JSON.stringify({ content, allowed_mentions: { parse: [] }, flags });
    },
    body: (items) => items.join(''),
    judge,
  }),
});

const limited = z.object({ retry_after: z.number().nonnegative() });

/** Asking again after 404 gets the sender banned. */
function judge(answer: Answer): Verdict {
  const { status } = answer;
  if (status === 200 || status === 204) return delivered;
  if (status === 404 || status === 410) return { kind: 'disable', why: `it answered ${status}: the webhook is gone` };
  if (status === 400) return refused('it answered 400');
  const wait = limited.safeParse(jsonOf(answer)).data?.retry_after;
  return later({
    ...answer,
    ...(wait !== undefined && { retryAfterMs: Math.min(Math.ceil(wait * 1000), 86_400_000) }),
  });
}
