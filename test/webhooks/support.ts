import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { CommittedRow } from '../../src/core/audit-row.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Sink {
  readonly origin: string;
  readonly received: Received[];
  /** How to answer from now on. */
  answer: (response: ServerResponse, path: string) => void;
  /** Resolves when that many requests have come. */
  readonly until: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A receiver on this machine. */
export async function openSink(
  answer: Sink['answer'] = (response) => void response.writeHead(204).end(),
): Promise<Sink> {
  const arrived = new EventTarget();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      sink.received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      sink.answer(response, url);
      arrived.dispatchEvent(new Event('request'));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const sink: Sink = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer,
    async until(count) {
      while (sink.received.length < count) await once(arrived, 'request');
    },
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  onTestFinished(() => sink.close());
  return sink;
}

export function committedRow(seq: number, changes: Partial<CommittedRow> = {}): CommittedRow {
  return {
    seq,
    hash: 'f'.repeat(64),
    timestamp: '2026-11-20T04:40:00.000Z',
    secretName: `NAME_${seq}`,
    reason: 'deploy the hotfix',
    action: 'approved',
    scope: 'secret',
    ttlExpiresAt: '2026-11-20T04:55:00.000Z',
    vault: 'dev',
    operation: 'read',
    requestId: 'request-1',
    session: 'session-1',
    agent: 'some-client 1.0',
    approver: 'owner',
    factor: 'link',
    detail: { decision: 'd' },
    ...changes,
  };
}
