import { describe, expect, it } from 'vitest';
import { ecsFaults, ocsfFaults } from '../../support/schemas.ts';
import { hostile, httpFormat, samples, secretEvent } from './samples.ts';

const types = [
  'json',
  'standard',
  'splunk-hec',
  'datadog',
  'slack',
  'discord',
  'ecs',
  'ocsf',
  'otel',
  'sentinel',
  'cef',
];

/** Seven fields without a bare pipe, then keys and values without a bare equals sign. */
const cef = /^CEF:0(?:\|(?:[^|\\\n]|\\[|\\])*){6}\|(?:[A-Za-z0-9]+=(?:[^=\\\n]|\\[=\\n])*(?: (?=[A-Za-z0-9]+=)|$))+$/u;

describe.each(types)('the format %s', (type) => {
  it('writes each kind of event as before', async () => {
    const format = httpFormat(type);
    const bodies = Object.entries(samples).map(([name, event]) => `${name}\n${readable(format.item(event))}\n`);
    await expect(bodies.join('\n')).toMatchFileSnapshot(`golden/${type}.txt`);
  });

  it('keeps hostile text from breaking out of its field', () => {
    const event = secretEvent(1, { reason: hostile, agent: hostile, secrets: [hostile], vault: hostile });
    const item = httpFormat(type).item(event);
    const lines = item.trimEnd().split('\n');
    expect(lines).toHaveLength(type === 'ecs' ? 2 : 1);
    if (type === 'cef') expect(lines[0]).toMatch(cef);
    else expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'));
  });

  it('stays within one message for the longest event that there can be', () => {
    const format = httpFormat(type);
    const secrets = Array.from({ length: 200 }, (_, at) => `${at}_`.padEnd(256, '🔑').slice(0, 256));
    const event = secretEvent(1, { secrets, reason: '&'.repeat(2000), agent: '<'.repeat(500), vault: '`'.repeat(100) });
    expect(Buffer.byteLength(format.item(event))).toBeLessThan(format.batch.bytes);
  });
});

describe('the schema', () => {
  const events = [...Object.values(samples), secretEvent(1, { operation: 'write', reason: hostile, approver: null })];

  it('of OCSF 1.8.0 is kept by every event', () => {
    const format = httpFormat('ocsf');
    expect(events.map((event) => ocsfFaults(JSON.parse(format.item(event))))).toEqual(events.map(() => []));
  });

  it('of ECS 9.4 is kept by every document', () => {
    const format = httpFormat('ecs');
    expect(events.map((event) => ecsFaults(JSON.parse(format.item(event).split('\n')[1]!)))).toEqual(
      events.map(() => []),
    );
  });

  it('would notice a missing, an unknown and a wrong field', () => {
    const activity = JSON.parse(httpFormat('ocsf').item(samples['approved']!));
    delete activity.src_endpoint;
    expect(ocsfFaults({ ...activity, time: 'now', actor: {}, extra: 1, disposition_id: 98 })).toEqual([
      '.src_endpoint is missing',
      '.time is no timestamp',
      '.disposition_id is none of its values',
      '.actor has none of process,user,invoked_by,session,app_name,app_uid',
      '.extra is no attribute',
    ]);
    const document = JSON.parse(httpFormat('ecs').item(samples['approved']!).split('\n')[1]!);
    delete document.message;
    const event = { ...document.event, category: ['iam'], kind: 'thing', severity: 'high' };
    expect(ecsFaults({ ...document, event, secret: 'x' })).toEqual([
      'message is missing',
      'event.severity is no long',
      'secret is no field',
      'event.kind',
      'event.type',
    ]);
  });
});

/** JSON in lines, for people who review a change. */
function readable(item: string): string {
  const lines = item.trimEnd().split('\n');
  return lines.map((line) => (line.startsWith('{') ? JSON.stringify(JSON.parse(line), null, 2) : line)).join('\n');
}
