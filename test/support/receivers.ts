import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { ecsFaults, ocsfFaults } from './schemas.ts';

/** Stand-ins for what webhooks are sent to. Each takes only what the real one's documentation says that it takes. */
export interface Receiver {
  readonly origin: string;
  /** The events that it took, in their order. */
  readonly taken: Record<string, unknown>[];
  /** How many requests came. */
  readonly requests: () => number;
  /** Answers the next requests with these instead, one after the other. */
  readonly answerNext: (...replies: readonly Reply[]) => void;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly events?: readonly unknown[];
}

export type Rules = (asked: Asked) => Reply;

export async function openReceiver(rules: Rules): Promise<Receiver> {
  const taken: Record<string, unknown>[] = [];
  const planned: Reply[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests += 1;
      const { method = '', url = '', headers } = request;
      const body = Buffer.concat(chunks).toString();
      const reply = planned.shift() ?? rules({ method, url: new URL(url, 'http://localhost'), headers, body });
      taken.push(...((reply.events ?? []) as Record<string, unknown>[]));
      response.writeHead(reply.status, reply.headers).end(reply.body ?? '');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, taken, requests: () => requests, answerNext: (...replies) => void planned.push(...replies) };
}

/** Any endpoint for JSON. */
export const generic: Rules = ({ method, headers, body }) =>
  method === 'POST' && headers['content-type'] === 'application/json'
    ? { status: 204, events: [JSON.parse(body)] }
    : { status: 415 };

/** Verified by the library that the receivers of Standard Webhooks use. */
export function standardWebhooks(secret: string): Rules {
  return ({ headers, body }) => {
    try {
      const event = new Webhook(secret).verify(body, headers as Record<string, string>) as Record<string, unknown>;
      const isShaped = /^[a-zA-Z0-9_.]+$/u.test(String(event['type'])) && typeof event['data'] === 'object';
      return isShaped && body.length < 20_000 ? { status: 204, events: [event] } : { status: 400 };
    } catch {
      return { status: 401 };
    }
  };
}

/** https://docs.splunk.com, "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector". */
export function splunk(token: string): Rules {
  const fault = (status: number, code: number): Reply => ({ status, body: JSON.stringify({ text: 'no', code }) });
  return ({ url, headers, body }) => {
    if (url.pathname !== '/services/collector/event') return { status: 404 };
    if (headers.authorization === undefined) return fault(401, 2);
    if (!headers.authorization.startsWith('Splunk ')) return fault(401, 3);
    if (headers.authorization !== `Splunk ${token}`) return fault(403, 4);
    if (Buffer.byteLength(body) > 1_000_000) return { status: 413 };
    const events = concatenated(body);
    if (events === null) return fault(400, 6);
    if (events.length === 0) return fault(400, 5);
    if (!events.every(({ event }) => event !== undefined)) return fault(400, 12);
    const known = ['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields'];
    if (!events.every((each) => Object.keys(each).every((key) => known.includes(key)))) return fault(400, 6);
    if (!events.every(({ time }) => typeof time === 'number' && time < 1e11)) return fault(400, 6);
    if (events.some(({ index }) => index === 'unknown')) return fault(400, 7);
    return { status: 200, body: '{"text":"Success","code":0}', events };
  };
}

/** https://docs.datadoghq.com/api/latest/logs, "Send logs". */
export function datadog(key: string, now: () => number): Rules {
  return ({ url, headers, body }) => {
    if (url.pathname !== '/api/v2/logs') return { status: 404 };
    if (headers['dd-api-key'] !== key) return { status: 403, body: '{"errors":[{"status":"403"}]}' };
    if (headers['content-type'] !== 'application/json') return { status: 415 };
    if (Buffer.byteLength(body) > 5_000_000) return { status: 413 };
    const logs = jsonList(body);
    if (logs === null || logs.length > 1000 || !logs.every(({ message }) => typeof message === 'string'))
      return { status: 400 };
    // Logs that are too old vanish without an error.
    const young = logs.filter(({ date }) => typeof date === 'number' && date > now() - 18 * 3_600_000);
    return { status: 202, body: '{}', events: young };
  };
}

/** https://docs.slack.dev, "Sending messages using incoming webhooks" and "Block Kit". */
export const slack: Rules = ({ url, headers, body }) => {
  if (!url.pathname.startsWith('/services/T0/B0/')) return { status: 404, body: 'no_service' };
  if (headers['content-type'] !== 'application/json') return { status: 400, body: 'invalid_payload' };
  const message = JSON.parse(body) as {
    text?: string;
    blocks?: { type: string; text: { type: string; text: string } }[];
  };
  const blocks = message.blocks ?? [];
  const fits = blocks.length <= 50 && blocks.every(({ text }) => text.text.length > 0 && text.text.length <= 3000);
  if (!fits || message.text === undefined || message.text === '') return { status: 400, body: 'invalid_blocks' };
  return { status: 200, body: 'ok', events: [message] };
};

/** https://docs.discord.com/developers/resources/webhook, "Execute Webhook". */
export const discord: Rules = ({ url, headers, body }) => {
  if (!/^\/api\/webhooks\/\d+\/[\w-]+$/u.test(url.pathname)) return { status: 404, body: '{"code":10015}' };
  if (headers['content-type'] !== 'application/json') return { status: 400 };
  const message = JSON.parse(body) as { content?: string };
  const length = Array.from(message.content ?? '').length;
  if (length === 0 || length > 2000) return { status: 400, body: '{"code":50006}' };
  // Without wait=true a message that is not kept gets the same answer as one that is.
  if (url.searchParams.get('wait') !== 'true') return { status: 204 };
  return { status: 200, body: '{"id":"1"}', events: [message] };
};

/** https://www.elastic.co/docs/api, "Bulk index or delete documents", into a data stream. Remembers ids. */
export function elastic(key: string): Rules {
  const ids = new Set<string>();
  return ({ url, headers, body }) => {
    if (!/^\/logs-[a-z0-9_.]+-[a-z0-9_.]+\/_bulk$/u.test(url.pathname)) return { status: 404 };
    if (headers.authorization !== `ApiKey ${key}`) return { status: 401 };
    if (headers['content-type'] !== 'application/x-ndjson') return { status: 406 };
    if (!body.endsWith('\n')) return { status: 400, body: '{"error":{"type":"illegal_argument_exception"}}' };
    const lines = body.trimEnd().split('\n');
    const pairs = lines.flatMap((line, at) =>
      at % 2 === 0 ? [[JSON.parse(line), JSON.parse(lines[at + 1] ?? 'null')]] : [],
    );
    const items = pairs.map(([action, document]) => {
      const id = (action as { create?: { _id?: string } }).create?._id;
      if (id === undefined || ecsFaults(document as Record<string, unknown>).length > 0)
        return { status: 400, document };
      const status = ids.has(id) ? 409 : 201;
      ids.add(id);
      return { status, document };
    });
    const answer = {
      errors: items.some(({ status }) => status > 299),
      items: items.map(({ status }) => ({ create: { status } })),
    };
    const events = items.flatMap(({ status, document }) => (status === 201 ? [document] : []));
    return { status: 200, body: JSON.stringify(answer), events };
  };
}

/** One OCSF event a request, of the right schema. */
export const ocsf: Rules = ({ headers, body }) => {
  if (headers['content-type'] !== 'application/json') return { status: 415 };
  const event = JSON.parse(body) as Record<string, unknown>;
  return ocsfFaults(event).length === 0 ? { status: 200, events: [event] } : { status: 400 };
};

/** Entra ID's token endpoint, and the Logs Ingestion API: https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview. */
export function sentinel(client: { readonly id: string; readonly secret: string }): Rules {
  let issued = 0;
  return ({ method, url, headers, body }) => {
    if (url.pathname === '/tenant-1/oauth2/v2.0/token') {
      const form = new URLSearchParams(body);
      const isKnown =
        headers['content-type'] === 'application/x-www-form-urlencoded' &&
        form.get('grant_type') === 'client_credentials' &&
        form.get('client_id') === client.id &&
        form.get('client_secret') === client.secret &&
        form.get('scope') === 'https://monitor.azure.com/.default';
      if (!isKnown) return { status: 401, body: '{"error":"invalid_client"}' };
      issued += 1;
      return {
        status: 200,
        body: JSON.stringify({ token_type: 'Bearer', expires_in: 3599, access_token: `token-${issued}` }),
      };
    }
    if (method !== 'POST' || !/^\/dataCollectionRules\/dcr-\w+\/streams\/Custom-\w+_CL$/u.test(url.pathname))
      return { status: 404 };
    if (url.searchParams.get('api-version') !== '2023-01-01') return { status: 400 };
    if (headers.authorization !== `Bearer token-${issued}`) return { status: 401 };
    if (headers['content-type'] !== 'application/json') return { status: 415 };
    if (Buffer.byteLength(body) > 1_000_000) return { status: 413 };
    const rows = jsonList(body);
    const isShaped = (row: Record<string, unknown>): boolean =>
      typeof row['TimeGenerated'] === 'string' && Object.keys(row).every((key) => /^[A-Za-z]\w{0,44}$/u.test(key));
    return rows?.every(isShaped) === true ? { status: 204, events: rows } : { status: 400 };
  };
}

/** https://opentelemetry.io/docs/specs/otlp, "OTLP/HTTP", in JSON. */
export function otlp(key: string): Rules {
  const one = z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/u) }),
    z.strictObject({ arrayValue: z.strictObject({ values: z.array(z.strictObject({ stringValue: z.string() })) }) }),
  ]);
  const attributes = z.array(z.strictObject({ key: z.string().min(1), value: one }));
  const nano = z.string().regex(/^\d{19}$/u);
  const logRecord = z.strictObject({
    timeUnixNano: nano,
    observedTimeUnixNano: nano,
    severityNumber: z.int().min(1).max(24),
    severityText: z.string(),
    body: z.strictObject({ stringValue: z.string() }),
    eventName: z.string(),
    attributes,
  });
  const scope = z.strictObject({ name: z.string(), version: z.string() });
  const scopeLogs = z.array(z.strictObject({ scope, logRecords: z.array(logRecord) }));
  const request = z.strictObject({
    resourceLogs: z.array(z.strictObject({ resource: z.strictObject({ attributes }), scopeLogs })),
  });
  return ({ url, headers, body }) => {
    if (url.pathname !== '/v1/logs') return { status: 404 };
    if (headers['api-key'] !== key) return { status: 401 };
    if (headers['content-type'] !== 'application/json') return { status: 415 };
    const { data } = request.safeParse(JSON.parse(body));
    const events = data?.resourceLogs.flatMap((resource) => resource.scopeLogs.flatMap(({ logRecords }) => logRecords));
    return events === undefined ? { status: 400 } : { status: 200, body: '{"partialSuccess":{}}', events };
  };
}

/** One event a line: seven fields of the header, then keys and values. */
export const cef: Rules = ({ headers, body }) => {
  if (headers['content-type']?.startsWith('text/plain') !== true) return { status: 415 };
  const lines = body.trimEnd().split('\n');
  const events = lines.map((line) => {
    const [, ...header] = /^CEF:0((?:\|(?:[^|\\]|\\.)*){6})\|(.*)$/u.exec(line) ?? [];
    const pairs = [...(header[1] ?? '').matchAll(/(\w+)=((?:[^=\\]|\\.)*?)(?= \w+=|$)/gu)];
    return Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
  });
  return events.every(({ externalId }) => externalId !== undefined) ? { status: 200, events } : { status: 400 };
};

/** Objects one after the other, with or without space between them. Null for anything else. */
function concatenated(body: string): Record<string, unknown>[] | null {
  const decoder = body.split('\n').filter((line) => line !== '');
  try {
    return decoder.map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch {
    return null;
  }
}

function jsonList(body: string): Record<string, unknown>[] | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return Array.isArray(parsed) ? (parsed as Record<string, unknown>[]) : null;
  } catch {
    return null;
  }
}

/** Whether the reference library takes this signature, whatever the body is. */
export function standardSignature(secret: string, { headers, body }: Pick<Asked, 'headers' | 'body'>): boolean {
  const at = new Date(Number(headers['webhook-timestamp']) * 1000);
  return headers['webhook-signature'] === new Webhook(secret).sign(String(headers['webhook-id']), at, body);
}
