import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/webhooks/formats/define.ts';
import { httpFormat } from './samples.ts';

type Kind = Verdict['kind'];

/** Format, status, body, verdict. What stands in none of these rows is `retry`: it may pass, or someone can put it right. */
const table: readonly (readonly [type: string, status: number, body: string, kind: Kind])[] = [
  ['json', 200, '', 'delivered'],
  ['json', 299, 'anything', 'delivered'],
  ['json', 400, '', 'retry'],
  ['json', 404, '', 'retry'],
  ['json', 410, '', 'disable'],
  ['json', 413, '', 'refused'],
  ['standard', 204, '', 'delivered'],
  ['standard', 410, '', 'disable'],
  ['ocsf', 201, '', 'delivered'],
  ['cef', 202, '', 'delivered'],
  ['splunk-hec', 200, '{"text":"Success","code":0}', 'delivered'],
  ['splunk-hec', 200, '{"text":"Server is busy","code":9}', 'retry'],
  ['splunk-hec', 400, '{"code":5}', 'refused'],
  ['splunk-hec', 400, '{"code":6}', 'refused'],
  ['splunk-hec', 400, '{"code":7}', 'retry'],
  ['splunk-hec', 400, '{"code":10}', 'retry'],
  ['splunk-hec', 400, 'no JSON', 'retry'],
  ['splunk-hec', 403, '{"code":4}', 'retry'],
  ['splunk-hec', 410, '', 'retry'],
  ['splunk-hec', 413, '', 'refused'],
  ['splunk-hec', 503, '{"code":9}', 'retry'],
  ['datadog', 202, '{}', 'delivered'],
  ['datadog', 204, '', 'retry'],
  ['datadog', 400, '', 'refused'],
  ['datadog', 403, '', 'retry'],
  ['datadog', 408, '', 'retry'],
  ['datadog', 413, '', 'refused'],
  ['slack', 200, 'ok', 'delivered'],
  ['slack', 400, 'invalid_payload', 'refused'],
  ['slack', 403, 'action_prohibited', 'retry'],
  ['slack', 404, 'no_service', 'disable'],
  ['slack', 410, 'channel_is_archived', 'disable'],
  ['discord', 200, '{}', 'delivered'],
  ['discord', 204, '', 'delivered'],
  ['discord', 400, '', 'refused'],
  ['discord', 401, '', 'retry'],
  ['discord', 404, '', 'disable'],
  ['sentinel', 204, '', 'delivered'],
  ['sentinel', 400, '', 'refused'],
  ['sentinel', 403, '', 'retry'],
  ['sentinel', 413, '', 'refused'],
  ['otel', 200, '', 'delivered'],
  ['otel', 200, '{"partialSuccess":{"rejectedLogRecords":"0","errorMessage":"careful"}}', 'delivered'],
  ['otel', 200, '{"partialSuccess":{"rejectedLogRecords":"1"}}', 'refused'],
  ['otel', 400, '', 'refused'],
  ['otel', 504, '', 'retry'],
  ['ecs', 400, '', 'refused'],
  ['ecs', 401, '', 'retry'],
  ['ecs', 404, '', 'retry'],
  ['ecs', 413, '', 'refused'],
];

describe('a verdict', () => {
  it.each(table)('of %s on %i %s is %s', (type, status, body, kind) => {
    expect(httpFormat(type).judge({ status, body }, 1)).toMatchObject({ kind });
  });

  it('of Elasticsearch is one for each document: 409 means that it is there', () => {
    const statuses = [201, 409, 429, 503, 400, 413, 404];
    const body = JSON.stringify({ errors: true, items: statuses.map((status) => ({ create: { status } })) });
    const verdicts = httpFormat('ecs').judge({ status: 200, body }, statuses.length) as readonly Verdict[];
    expect(verdicts.map(({ kind }) => kind)).toEqual([
      ...['delivered', 'delivered', 'retry', 'retry', 'refused', 'refused', 'retry'],
    ]);
  });

  it('of Elasticsearch waits where the answer was cut off', () => {
    for (const body of ['', '{"items":[{"create":', '{"items":3}', '[]'])
      expect(httpFormat('ecs').judge({ status: 200, body }, 1)).toMatchObject({ kind: 'retry' });
  });

  it('takes what Discord says about waiting, in seconds with fractions', () => {
    const judged = (body: string): unknown => httpFormat('discord').judge({ status: 429, body, retryAfterMs: 1 }, 1);
    expect(judged('{"retry_after":0.65,"global":false}')).toMatchObject({ kind: 'retry', afterMs: 650 });
    expect(judged('{"retry_after":1e99}')).toMatchObject({ afterMs: 86_400_000 });
    expect(judged('<html>')).toMatchObject({ afterMs: 1 });
  });

  it('never repeats what the answer said', () => {
    const types = [...new Set(table.map(([type]) => type))];
    const body = '{"code":4,"text":"canary","error":"canary"}';
    const verdicts = types.flatMap((type) =>
      [400, 401, 404, 413, 500].map((status) => httpFormat(type).judge({ status, body }, 1)),
    );
    expect(JSON.stringify(verdicts)).not.toContain('canary');
  });
});
