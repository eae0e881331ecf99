import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Secret } from '../../src/core/secret.ts';
import { formatPlugins, webhookKeys, webhookProblem } from '../../src/webhooks/config.ts';

const keys = z.strictObject(webhookKeys);
const signing = `whsec_${randomBytes(32).toString('base64')}`;

/** What is wrong with a webhook, as the config says it: the key, then the rest. */
function problem(given: Record<string, unknown>, options: Record<string, unknown> = {}): string | null {
  const { data, error } = keys.safeParse({ url: 'https://logs.example.com/in', ...given });
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) return `${issue.path.join('.')} ${issue.message}`;
  const plugin = formatPlugins.find(({ type }) => type === data!.format)!;
  const found = webhookProblem({ ...data!, plugin, options: plugin.options.parse(options) });
  return found === null ? null : `${found.key} ${found.problem}`;
}

describe('a webhook in the config', () => {
  it('needs no more than a URL, and says what stands for the rest', () => {
    expect(problem({})).toBeNull();
    expect(keys.parse({ url: 'https://logs.example.com' })).toEqual({
      ...{ url: 'https://logs.example.com', format: 'json', allowPrivate: false, required: false },
    });
  });

  it.each([
    ['http://localhost:8080/in', {}],
    ['https://10.0.0.1/in', {}],
    ['syslog+tls://logs.example.com', { format: 'syslog' }],
    ['syslog+udp://[::1]:514', { format: 'syslog' }],
  ])('takes the address %s', (url, rest) => {
    expect(problem({ url, ...rest })).toBeNull();
  });

  it.each([
    ['http://logs.example.com/in', {}, 'url must be https://; http:// is for this machine only'],
    ['https://user:word@logs.example.com', {}, 'url must have no user name or password in it'],
    ['https://169.254.169.254/', {}, 'url must name a server'],
    ['ftp://logs.example.com', {}, 'url must be an https:// address'],
    ['logs.example.com', {}, 'url must be an https:// address'],
    [
      'https://logs.example.com',
      { format: 'syslog' },
      'url must start with syslog+tls:// or syslog+udp:// and name a host',
    ],
    ['syslog+tls://', { format: 'syslog' }, 'url must start with syslog+tls:// or syslog+udp:// and name a host'],
  ])('refuses the address %s', (url, rest, says) => {
    expect(problem({ url, ...rest })).toBe(says);
  });

  it('refuses a signing secret that is weak or malformed, saying how', () => {
    expect(problem({ secret: 'hunter2' })).toBe('secret must start with whsec_ or whsk_');
    expect(problem({ secrets: [signing, 'whsec_AAAA'] })).toBe('secrets.1 must hold 24 to 64 bytes, not 3');
    expect(problem({ secret: signing, secrets: [signing] })).toBe('secrets stands beside secret: use one');
    expect(problem({ secrets: [signing, signing, signing] })).toMatch(/^secrets /u);
    expect(problem({ secret: signing, format: 'syslog', url: 'syslog+tls://h' })).toBe(
      'secret does not work with syslog',
    );
    expect([problem({ secret: signing }), problem({ secrets: [signing, signing] })]).toEqual([null, null]);
  });

  it('refuses a format without what it cannot do without', () => {
    expect(problem({ format: 'splunk-hec' })).toBe('format needs the token of the collector in authorization');
    expect(problem({ format: 'datadog' })).toBe('format needs the API key in authorization');
    expect(problem({ format: 'sentinel' })).toBe('format needs tenantId, clientId and clientSecret');
    const app = { tenantId: 't', clientId: 'c', clientSecret: 's' };
    expect([problem({ format: 'sentinel' }, app), problem({ format: 'datadog', authorization: 'k' })]).toEqual([
      null,
      null,
    ]);
    expect(problem({ format: 'splunk' })).toMatch(/^format /u);
  });

  it('keeps what is secret in a form that cannot be printed', () => {
    const parsed = keys.parse({ url: 'https://logs.example.com', authorization: 'canary', secrets: [signing] });
    expect([parsed.authorization, parsed.secrets?.[0]].every((each) => each instanceof Secret)).toBe(true);
    expect(JSON.stringify(parsed)).not.toMatch(/canary|whsec/u);
  });

  it('has a key, words and no key of another for each format', () => {
    for (const { type, about, options } of formatPlugins) {
      expect(type).toMatch(/^[a-z]+(?:-[a-z]+)*$/u);
      expect(about.length).toBeGreaterThan(10);
      expect(Object.keys(options.shape).filter((key) => key in webhookKeys || key === 'events')).toEqual([]);
    }
    expect(new Set(formatPlugins.map(({ type }) => type)).size).toBe(formatPlugins.length);
  });
});
