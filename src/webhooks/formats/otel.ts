import { z } from 'zod';
import { defineFormat } from './define.ts';
import type { Answer, Event, Verdict } from './define.ts';
import { factsOf, messageOf, recordOf } from './facts.ts';
import { delivered, jsonOf, later, refused } from './judge.ts';

const options = z.strictObject({
  header: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/u, 'must be the name of a header')
    .default('authorization')
    .describe('the header that `authorization` goes into, such as `api-key`'),
});

/**
 * OpenTelemetry logs by OTLP/HTTP in JSON (protocol 1.x, stable), written here and not by the SDK: its exporter opens connections of its own,
 * to addresses that nobody checked, obeys OTEL_* variables, and repeats by itself.
 */
export const otel = defineFormat({
  type: 'otel',
  about: 'OpenTelemetry logs by OTLP/HTTP',
  options,
  format: ({ header }, { host, version }) => {
    const service = { 'service.name': 'agent-vault', 'service.version': version, 'host.name': host };
    const resource = JSON.stringify({ attributes: attributes(service) });
    const scope = JSON.stringify({ name: 'agent-vault', version });
    return {
      contentType: 'application/json',
      batch: { events: 500, bytes: 1_000_000 },
      address: (url) => (url.pathname === '/' ? new URL('/v1/logs', url) : url),
      authorize: (token) => ({ [header]: token }),
      item: (event) => JSON.stringify(logRecord(event)),
      body: (items) =>
        `{"resourceLogs":[{"resource":${resource},"scopeLogs":[{"scope":${scope},"logRecords":[${items.join(',')}]}]}]}`,
      judge,
    };
  },
});

function logRecord(event: Event): Readonly<Record<string, unknown>> {
  const { type, severity } = factsOf(event);
  const time = `${Date.parse(event.timestamp)}000000`;
  const own = Object.entries(recordOf(event)).filter(
    ([key, value]) => key !== 'type' && value !== null && value !== '',
  );
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: severity >= 7 ? 13 : 9,
    severityText: severity >= 7 ? 'WARN' : 'INFO',
    body: { stringValue: messageOf(event) },
    eventName: type,
    attributes: attributes(Object.fromEntries(own.map(([key, value]) => [`agent_vault.${snake(key)}`, value]))),
  };
}

function attributes(values: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** 64-bit numbers are texts in the JSON of protocol buffers. */
function anyValue(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return typeof value === 'number' ? { intValue: String(value) } : { stringValue: String(value) };
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}

const partial = z.object({ partialSuccess: z.object({ rejectedLogRecords: z.coerce.number() }) });

/** Which records of a message were rejected is not said: whoever asks again with fewer finds out. */
function judge(answer: Answer): Verdict {
  const { status } = answer;
  if (status === 400 || status === 413) return refused(`it answered ${status}`);
  if (status !== 200) return later(answer);
  const rejected = partial.safeParse(jsonOf(answer)).data?.partialSuccess.rejectedLogRecords ?? 0;
  return rejected > 0 ? refused('it rejected the record') : delivered;
}
