import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { temporaryFile } from '../audit/support.ts';
import { TestClock } from '../support/clock.ts';
import { openStand, outboxOf, seqsOf, until, webhookTo } from '../webhooks/outbox-support.ts';
import { openSink } from '../webhooks/support.ts';
import { Chance } from './chance.ts';

const loops = Number(process.env['FAULT_LOOPS'] ?? 10);
const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
const events = loops < 500 ? 1_000 : 10_000;

describe('an endpoint', () => {
  test(
    `that fails half the time gets all of ${events} events, in order, each with an id of its own`,
    { timeout: 600_000 },
    async () => {
      const chance = new Chance(seed);
      const taken: { id: string; seq: number }[] = [];
      const sink = await openSink((response) => {
        const isTaken = chance.once(2);
        const { headers, body } = sink.received.at(-1)!;
        if (isTaken) taken.push({ id: String(headers['webhook-id']), seq: (JSON.parse(body) as { seq: number }).seq });
        response.writeHead(isTaken ? 204 : 500).end();
      });
      const clock = new TestClock();
      const secrets = [new Secret(`whsec_${randomBytes(32).toString('base64')}`)];
      const stand = openStand({ endpoints: [webhookTo(sink.origin, { secrets })], clock });
      const [begun, begunAt] = [performance.now(), clock.monotonic()];
      for (let at = 0; at < events; at += 1000)
        await Promise.all(Array.from({ length: Math.min(1000, events - at) }, () => stand.append()));
      for (;;) {
        await stand.webhooks.flush(Infinity);
        if (taken.length === events) break;
        clock.pass(100);
      }
      expect(taken.map(({ seq }) => seq)).toEqual(Array.from({ length: events }, (_, at) => at + 1));
      expect(new Set(taken.map(({ id }) => id)).size).toBe(events);
      const simulated = Math.round((clock.monotonic() - begunAt) / 1000);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      const tries = sink.received.length;
      console.log(`half failing: ${JSON.stringify({ events, tries, simulated, seconds, seed })}`);
    },
  );

  test(`that was down gets ${events} events within seconds once it is back`, { timeout: 600_000 }, async () => {
    const sink = await openSink((response) => void response.writeHead(503).end());
    const clock = new TestClock();
    const stand = openStand({ endpoints: [webhookTo(sink.origin)], clock });
    for (let at = 0; at < events; at += 1000)
      await Promise.all(Array.from({ length: Math.min(1000, events - at) }, () => stand.append()));
    await stand.webhooks.flush(Infinity);
    const before = sink.received.length;
    sink.answer = (response) => void response.writeHead(204).end();
    clock.pass(3_600_000);
    const begun = performance.now();
    await stand.webhooks.flush(Infinity);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    expect(seqsOf(sink).slice(before)).toEqual(Array.from({ length: events }, (_, at) => at + 1));
    console.log(`drained after recovery: ${JSON.stringify({ events, seconds })}`);
  });
});

describe('processes that share an outbox', () => {
  test('send every event, in order, and each once as long as none is killed', { timeout: 600_000 }, async () => {
    const sink = await openSink();
    const file = temporaryFile();
    const senders = [1, 2, 3].map(() => new Sender(file, sink.origin));
    await until(() => senders.reduce((sum, { committed }) => sum + committed.length, 0) > 300);
    const last = openStand({ endpoints: [webhookTo(sink.origin)], file });
    await Promise.all(senders.map((sender) => sender.stop()));
    const [row] = await last.append();
    await until(() => seqsOf(sink).includes(row!.seq));
    const seqs = seqsOf(sink);
    expect(seqs).toEqual(Array.from({ length: row!.seq }, (_, at) => at + 1));
  });

  test(`lose none when they are killed at any moment (${loops} loops)`, { timeout: loops * 60_000 }, async () => {
    const chance = new Chance(seed);
    const sink = await openSink();
    const file = temporaryFile();
    const committed = new Set<number>();
    for (let loop = 0; loop < loops; loop += 1) {
      const senders = [1, 2].map(() => new Sender(file, sink.origin));
      await until(() => senders.some((sender) => sender.committed.length > 0));
      await sleep(chance.below(150));
      await Promise.all(senders.map((sender) => sender.kill()));
      for (const seq of senders.flatMap((sender) => sender.committed)) committed.add(seq);
    }
    const last = openStand({ endpoints: [webhookTo(sink.origin)], file, timeoutMs: 1_000 });
    await last.append();
    await until(async () => (await outboxOf(file)).every(({ state }) => state === 'delivered'));
    const seqs = seqsOf(sink);
    const [told, bodies] = [new Set(seqs), new Set(sink.received.map(({ body }) => body))];
    expect([...committed].filter((seq) => !told.has(seq))).toEqual([]);
    // Each seq came with one body only, and first came in the order of the log.
    expect(bodies.size).toBe(told.size);
    expect([...told]).toEqual([...told].sort((a, b) => a - b));
    const sums = { loops, committed: committed.size, events: told.size, repeated: seqs.length - told.size, seed };
    console.log(`killed senders: ${JSON.stringify(sums)}`);
    expect(told.size).toBeGreaterThanOrEqual(loops);
  });
});

/** A process of its own (webhooks-sender.ts). */
class Sender {
  readonly committed: number[] = [];
  readonly #child: ChildProcess;

  constructor(file: string, url: string) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'webhooks-sender.ts'), file, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void this.#child.kill('SIGKILL'));
    createInterface(this.#child.stdout!).on('line', (line) => this.committed.push(Number(line)));
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Lets it send what it can. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill(signal);
    await ended;
  }
}
