import { describe, expect, test } from 'vitest';
import { parseAnchors } from '../../src/audit/anchors.ts';
import { createSigner, parseNoteKey } from '../../src/audit/note.ts';
import { statementText } from '../../src/audit/checkpoint.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { formatPlugins } from '../../src/webhooks/formats/index.ts';
import type { CheckpointEvent, SecretEvent } from '../../src/webhooks/formats/define.ts';

const signer = createSigner('agent-vault/audit', new Uint8Array(32).fill(3));
const stranger = createSigner('agent-vault/audit', new Uint8Array(32).fill(4));
const keys = [parseNoteKey(signer.vkey)!];
const origin = 'agent-vault/audit/0123456789abcdef';
const head = 'ab'.repeat(32);

function noteOf(size: number, by = signer): string {
  const timestamp = '2026-11-20T04:40:00.000Z';
  return by.sign(statementText({ origin, size, head, timestamp, previous: null, pruned: false }));
}

const released: SecretEvent = {
  event: 'secret_access',
  id: 'evt_0000000042',
  timestamp: '2026-11-20T04:40:00.000Z',
  vault: 'dev',
  secrets: ['STRIPE_KEY'],
  reason: 'seq=1 cn1=2 cs6=x "hash"',
  action: 'released',
  scope: 'secret',
  ttlExpiresAt: null,
  operation: 'read',
  requestId: 'request-1',
  session: 'session-1',
  agent: 'some-client 1.0',
  approver: 'Anna’s phone',
  factor: 'passkey',
  seq: 42,
  hash: head,
};
const checkpoint: CheckpointEvent = {
  event: 'checkpoint',
  id: 'chk_0000000043',
  timestamp: '2026-11-20T04:41:00.000Z',
  seq: 43,
  hash: head,
  note: noteOf(43),
};

describe('anchors', () => {
  test('are found in the file that checkpoints are appended to', () => {
    const text = `${noteOf(3)}\n${noteOf(12)}\n`;
    expect(parseAnchors(text, keys)).toEqual({
      anchors: [
        { seq: 3, hash: head, line: 1, origin },
        { seq: 12, hash: head, line: 8, origin },
      ],
      strangers: [],
      unsigned: [],
    });
    expect(parseAnchors(text.replaceAll('\n', '\r\n'), keys).anchors).toHaveLength(2);
  });

  const carriers = ['json', 'standard', 'splunk-hec', 'datadog', 'ecs', 'ocsf', 'sentinel', 'cef'];
  test.each(carriers)('are found in what a webhook of the format %s gets, as it is and wrapped up', (type) => {
    const plugin = formatPlugins.find((each) => each.type === type)!;
    if ('sink' in plugin) return expect.unreachable();
    const context = { clock: systemClock, host: 'host', version: '1.0.0' };
    const format = plugin.format(plugin.options.parse({}), context);
    const bodies = [released, checkpoint].map((event) => format.body([format.item(event)]));
    const found = parseAnchors(bodies.join('\n'), keys).anchors.map(({ seq, hash }) => ({ seq, hash }));
    expect(found).toEqual([
      { seq: 42, hash: head },
      { seq: 43, hash: head },
    ]);
    if (type === 'cef') return;
    const wrapped = bodies.map((body) =>
      JSON.stringify({ received: 1, events: [{ raw: JSON.parse(body.split('\n').at(-2) ?? body) }] }),
    );
    expect(parseAnchors(wrapped.join('\n'), keys).anchors).toHaveLength(2);
  });

  test('know the log of a checkpoint that came as an event', () => {
    const { anchors } = parseAnchors([released, checkpoint].map((event) => JSON.stringify(event)).join('\n'), keys);
    expect(anchors.map((anchor) => anchor.origin)).toEqual([null, origin]);
  });

  test('are all found where several stand in one line', () => {
    const line = JSON.stringify([released, checkpoint, { ...released, seq: 7 }]);
    expect(parseAnchors(line, keys).anchors.map(({ seq }) => seq)).toEqual([7, 42, 43]);
  });

  test('come in the order of the rows, and say where they stood', () => {
    const text = [`{"seq":9,"hash":"${head}"}`, '', `{"seq":2,"hash":"sha256:${head}"}`].join('\n');
    expect(parseAnchors(text, keys).anchors).toEqual([
      { seq: 2, hash: head, line: 3, origin: null },
      { seq: 9, hash: head, line: 1, origin: null },
    ]);
  });

  test('are found after one that was cut off, wherever that was', () => {
    const whole = noteOf(3);
    for (let length = 0; length < whole.length - 1; length += 1) {
      const found = parseAnchors(`${whole.slice(0, length)}\n${noteOf(12)}`, keys);
      expect(found).toMatchObject({ anchors: [{ seq: 12 }], unsigned: [] });
    }
  });

  test('are no others: lines without one are counted, notes that nobody known has signed are told', () => {
    const text = [
      noteOf(3, stranger),
      noteOf(4).replace('\n4\n', '\n5\n'),
      'some text',
      '{"seq":0,"hash":"x"}',
      `{"event":"test"}`,
      'agent-vault/audit/ but no note',
    ].join('\n');
    expect(parseAnchors(text, keys)).toEqual({
      anchors: [],
      strangers: [15, 16, 17, 18],
      unsigned: [
        { line: 1, says: 'it is signed by a key that is not known here' },
        { line: 8, says: 'it is no note of ours, or its signature does not fit' },
      ],
    });
  });
});
