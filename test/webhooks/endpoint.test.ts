import { describe, expect, test } from 'vitest';
import { auditActions } from '../../src/core/audit-row.ts';
import { Secret } from '../../src/core/secret.ts';
import { endpointsOf, isWantedBy } from '../../src/webhooks/endpoint.ts';
import type { Endpoint, Webhook } from '../../src/webhooks/endpoint.ts';
import { webhookTo } from './outbox-support.ts';

function endpoint(url: string, changes: Partial<Webhook> & { format?: string } = {}): Endpoint {
  return endpointsOf([webhookTo(url, changes)])[0]!;
}

const url = 'https://hooks.example.com/services/T0/B0/token';

describe('an endpoint', () => {
  test('is the same as long as its address and format are', () => {
    const { id } = endpoint(url);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    const same = [
      { events: ['denied'] },
      { required: true },
      { authorization: new Secret('x') },
      { allowPrivate: true },
    ];
    for (const changes of same) expect(endpoint(url, changes as Partial<Webhook>).id).toBe(id);
    expect(endpoint('https://HOOKS.example.com:443/services/T0/B0/token').id).toBe(id);
    const others = [endpoint(`${url}x`), endpoint(`${url}?a=b`), endpoint(url, { format: 'standard' })];
    expect(new Set([id, ...others.map((other) => other.id)]).size).toBe(4);
  });

  test('is called by where it leads, without path, query and credentials', () => {
    expect(endpoint('https://hooks.example.com:8088/secret?key=secret').name).toBe('https://hooks.example.com:8088');
    expect(endpoint('https://me:secret@hooks.example.com/').name).toBe('https://hooks.example.com');
  });

  test('that stands twice in the config is two', () => {
    const [first, second, third] = endpointsOf([webhookTo(url), webhookTo(url), webhookTo(`${url}x`)]);
    expect(first!.id).toBe(endpoint(url).id);
    expect(new Set([first!.id, second!.id, third!.id]).size).toBe(3);
  });

  test('that is required hears of every release and of what became of it, whatever else it wants', () => {
    const heard = (changes: Partial<Webhook>): string[] =>
      auditActions.filter((action) => isWantedBy(endpoint(url, changes), action));
    expect(heard({ events: ['denied'] })).toEqual(['denied']);
    expect(heard({ events: ['denied'], required: true })).toEqual(['denied', 'auto_approved', 'released', 'failed']);
  });
});
