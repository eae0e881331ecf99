import { z } from 'zod';
import { defineFormat } from './define.ts';
import type { Answer, Verdict } from './define.ts';
import { messageOf, recordOf } from './facts.ts';
import { delivered, jsonOf, later, refused } from './judge.ts';

const options = z.strictObject({
  index: z.string().min(1).optional().describe("the index; without it the token's own"),
  source: z.string().min(1).default('agent-vault').describe('what Splunk calls the source'),
  sourcetype: z.string().min(1).default('agent-vault:audit').describe('what Splunk calls the source type'),
});

/** HTTP Event Collector. Events stand one after the other, without commas. */
export const splunkHec = defineFormat({
  type: 'splunk-hec',
  about: "Splunk's HTTP Event Collector; `authorization` is the token",
  options,
  lacks: (_, { authorization }) => (authorization ? null : 'needs the token of the collector in authorization'),
  format: ({ index, source, sourcetype }, { host }) => ({
    contentType: 'application/json',
    batch: { events: 500, bytes: 1_000_000 },
    address: (url) => (url.pathname === '/' ? new URL('/services/collector/event', url) : url),
    authorize: (token) => ({ authorization: /^Splunk /iu.test(token) ? token : `Splunk ${token}` }),
    item: (event) => {
      const time = Date.parse(event.timestamp) / 1000;
      const about = { time, host, source, sourcetype, ...(index !== undefined && { index }) };
      return JSON.stringify({ ...about, event: { ...recordOf(event), message: messageOf(event) } });
    },
    body: (items) => items.join('\n'),
    judge,
  }),
});

const answer = z.object({ code: z.int() });

/** Of the collector's codes those that are about the events themselves; all others may pass, or someone can put them right. */
const faults: Readonly<Record<number, string>> = {
  5: 'it says that there is no data',
  6: 'it cannot read the data',
  12: 'it wants another event field',
  13: 'it wants an event field that is not empty',
};

const troubles: Readonly<Record<number, string>> = {
  1: 'its token is disabled',
  2: 'it wants a token',
  3: 'it cannot read the token',
  4: 'it does not know the token',
  7: 'it does not have that index',
  9: 'it is busy',
  10: 'its token wants indexer acknowledgement, which is not spoken here',
};

function judge(given: Answer): Verdict {
  const code = answer.safeParse(jsonOf(given)).data?.code ?? -1;
  if (given.status === 200) return code === 0 || code === -1 ? delivered : later(given, 'it answered 200 with a fault');
  if (given.status === 413) return refused('it answered 413: too large');
  const fault = given.status === 400 ? faults[code] : undefined;
  return fault === undefined ? later(given, troubles[code]) : refused(fault);
}
