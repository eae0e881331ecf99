import type {
  CheckpointEvent,
  Event,
  FormatContext,
  HttpFormat,
  SecretEvent,
  TestEvent,
} from '../../../src/webhooks/formats/define.ts';
import { formatPlugins } from '../../../src/webhooks/formats/index.ts';
import { TestClock } from '../../support/clock.ts';

const at = Date.UTC(2026, 0, 2, 3, 0, 0);

export function secretEvent(seq: number, changes: Partial<SecretEvent> = {}): SecretEvent {
  return {
    id: `evt_${String(seq).padStart(10, '0')}`,
    event: 'secret_access',
    timestamp: new Date(at + seq * 1000).toISOString(),
    vault: 'dev',
    secrets: ['STRIPE_KEY'],
    reason: 'deploy the hotfix',
    action: 'approved',
    scope: 'secret',
    ttlExpiresAt: '2026-01-02T03:15:00.000Z',
    operation: 'read',
    requestId: 'request-1',
    session: 'session-1',
    agent: 'claude-code 2.1',
    approver: "Anna's phone",
    seq,
    hash: String(seq % 10).repeat(64),
    factor: 'passkey',
    ...changes,
  };
}

/** About no secret, but about what decides of them. */
function aside(seq: number, action: SecretEvent['action'], changes: Partial<SecretEvent> = {}): SecretEvent {
  const empty = { secrets: [''], vault: '', operation: '', session: '', agent: '', reason: '' };
  return secretEvent(seq, { ...empty, action, scope: null, ttlExpiresAt: null, requestId: null, ...changes });
}

export const checkpoint: CheckpointEvent = {
  id: 'evt_0000000049_checkpoint',
  event: 'checkpoint',
  timestamp: '2026-01-02T03:01:00.000Z',
  seq: 49,
  hash: 'c'.repeat(64),
  note: `agent-vault/0123456789abcdef\n49\n${'A'.repeat(43)}=\n\n— agent-vault/0123456789abcdef ${'B'.repeat(96)}\n`,
};

export const testEvent: TestEvent = { id: 'evt_test_1', event: 'test', timestamp: '2026-01-02T03:02:00.000Z' };

/** One of each kind, in the order of a log. */
export const samples: Readonly<Record<string, Event>> = {
  approved: secretEvent(42, { secrets: ['STRIPE_KEY', 'DB_URL'] }),
  denied: secretEvent(43, { action: 'denied', ttlExpiresAt: null, reason: 'first line\nsecond = line' }),
  auto_approved: secretEvent(44, { action: 'auto_approved' }),
  released: secretEvent(45, { action: 'released' }),
  config_approved: aside(46, 'config_approved'),
  paired: aside(47, 'paired', { factor: 'passkey' }),
  reset: aside(48, 'reset', { approver: 'the terminal', factor: null }),
  checkpoint,
  test: testEvent,
};

/** What an agent can write to fool people or receivers. */
export const hostile = [
  '<!channel> <@U012ABC> <https://evil.example|click> &amp; @everyone @here <@123> <#456> <:a:1>',
  '*bold* _it_ ~no~ `code` ```\nblock``` > quote # head [link](https://evil.example) ||spoiler|| https://evil.example',
  'a"b\\c\'d|e=f;g,h\tTab',
  '\u202Eevil\u2066\u200B\u{E0041}\uFEFF',
  'line one\nCEF:0|x|y|1|z|w|9|\n{"create":{}}\n<13>1 - - - - - -',
].join('\n');

export function context(): FormatContext & { readonly clock: TestClock } {
  return { clock: new TestClock(), host: 'devbox', version: '1.0.0' };
}

/** The format of that type, with what its options make of these. */
export function httpFormat(type: string, given: Record<string, unknown> = {}, around = context()): HttpFormat {
  const plugin = formatPlugins.find((each) => each.type === type);
  if (plugin === undefined || 'sink' in plugin) throw new Error(`${type} is no format for HTTP`);
  return plugin.format(plugin.options.parse(given), around);
}
