import { z } from 'zod';
import { defineFormat } from './define.ts';
import type { Answer, Event, Verdict } from './define.ts';
import { factsOf, messageOf, recordOf } from './facts.ts';
import { delivered, later, refused } from './judge.ts';

const tag = z.string().regex(/^[^,\s][^,]*$/u, 'must not be empty, nor have a comma in it');

const options = z.strictObject({
  service: z.string().min(1).default('agent-vault').describe('what Datadog calls the service'),
  tags: z.array(tag).default([]).describe('tags such as `env:prod`'),
});

/** Older logs are dropped by Datadog. Milliseconds; it says 18 hours. */
const oldest = 17 * 3_600_000;

/** The logs intake, version 2. */
export const datadog = defineFormat({
  type: 'datadog',
  about: "Datadog's logs intake; `authorization` is the API key",
  options,
  lacks: (_, { authorization }) => (authorization ? null : 'needs the API key in authorization'),
  format: ({ service, tags }, { host, clock }) => ({
    contentType: 'application/json',
    // 5 MB and 1000 entries are the limits; a log above 1 MB is cut without an error.
    batch: { events: 1000, bytes: 4_500_000 },
    address: (url) => (url.pathname === '/' ? new URL('/api/v2/logs', url) : url),
    authorize: (key) => ({ 'dd-api-key': key }),
    item: (event) =>
      JSON.stringify({
        ddsource: 'agent-vault',
        service,
        hostname: host,
        ddtags: [...tags, `event:${factsOf(event).type}`].join(','),
        status: statusOf(event),
        message: messageOf(event),
        date: Math.max(Date.parse(event.timestamp), clock.wall() - oldest),
        agent_vault: recordOf(event),
      }),
    body: (items) => `[${items.join(',')}]`,
    judge,
  }),
});

function statusOf(event: Event): string {
  const { severity } = factsOf(event);
  if (severity >= 5) return 'warning';
  return severity >= 3 ? 'notice' : 'info';
}

function judge(answer: Answer): Verdict {
  if (answer.status === 202 || answer.status === 200) return delivered;
  if (answer.status === 400 || answer.status === 413) return refused(`it answered ${answer.status}`);
  return later(answer, answer.status === 401 || answer.status === 403 ? 'it does not know the API key' : undefined);
}
