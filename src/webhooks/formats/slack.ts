import { z } from 'zod';
import { chatText } from './chat.ts';
import { defineFormat } from './define.ts';
import type { Answer, Verdict } from './define.ts';
import { delivered, later, refused } from './judge.ts';

/** An incoming webhook. Its address is its credential. */
export const slack = defineFormat({
  type: 'slack',
  about: 'an incoming webhook of Slack',
  options: z.strictObject({}),
  format: () => ({
    contentType: 'application/json',
    batch: { events: 1, bytes: 100_000 },
    item: (event) => {
      const text = chatText(event, { bold: (title) => `*${title}*`, escape });
      const block = { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } };
      return JSON.stringify({ text, unfurl_links: false, unfurl_media: false, blocks: [block] });
    },
    body: (items) => items.join(''),
    judge,
  }),
});

/** "Escaping text" in Slack's manual: without `<`, nothing is a link or a mention. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function judge(answer: Answer): Verdict {
  const { status } = answer;
  if (status === 200) return delivered;
  if (status === 404 || status === 410) return { kind: 'disable', why: `it answered ${status}: the webhook is gone` };
  return status === 400 ? refused('it answered 400') : later(answer);
}
