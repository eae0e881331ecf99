import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tap, TestVault } from '../support/vault.ts';

export interface Throughput {
  /** Reads in a second. */
  readonly perSecond: number;
  /** Milliseconds of one read. */
  readonly median: number;
  readonly p99: number;
}

/**
 * Reads inside a window of one vault over stdio, each with its row on the disk before the value leaves.
 * @param atOnce calls under way at the same time
 * @param webhooks local endpoints that take every `auto_approved`
 */
export async function throughput({ atOnce, webhooks }: { atOnce: number; webhooks: number }): Promise<Throughput> {
  const sinks = await Promise.all(Array.from({ length: webhooks }, openSink));
  const vault = await TestVault.open({
    config: {
      vaults: { local: { type: 'env', file: '.env.secrets', ttl: 60 } },
      webhooks: sinks.map((sink) => ({ url: addressOf(sink), events: ['auto_approved'] })),
    },
  });
  const client = await vault.connect();
  try {
    const first = client.get();
    await tap(await client.link());
    await first;
    for (let warm = 0; warm < 100; warm += 1) await client.get();
    return await measured(() => client.get(), atOnce);
  } finally {
    await client.close();
    await vault.close();
    for (const sink of sinks) sink.close().closeAllConnections();
  }
}

const reads = 2_000;

/** Takes everything. */
async function openSink(): Promise<Server> {
  const sink = createServer((request, response) => void request.resume().on('end', () => response.end()));
  await once(sink.listen(0, '127.0.0.1'), 'listening');
  return sink;
}

function addressOf(sink: Server): string {
  return `http://127.0.0.1:${(sink.address() as AddressInfo).port}/events`;
}

async function measured(read: () => Promise<unknown>, atOnce: number): Promise<Throughput> {
  const taken: number[] = [];
  let left = reads;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      await read();
      taken.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = (performance.now() - started) / 1000;
  taken.sort((a, b) => a - b);
  const at = (share: number): number => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))] ?? NaN;
  return { perSecond: reads / seconds, median: at(0.5), p99: at(0.99) };
}
