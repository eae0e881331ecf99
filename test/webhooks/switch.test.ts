import { afterEach, describe, expect, it } from 'vitest';
import type { WebhookOptions } from '../../src/webhooks/deliver.ts';
import { createSwitch } from '../../src/webhooks/switch.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { committedRow, openSink } from './support.ts';
import type { Sink } from './support.ts';

type Endpoints = WebhookOptions['endpoints'];

function openSwitch(endpoints: Endpoints) {
  let current = endpoints;
  const hooks = createSwitch({ endpoints: () => current, log: createLog(() => undefined), clock: systemClock });
  const use = (next: Endpoints): void => {
    current = next;
    hooks.changed();
  };
  return { hooks, use };
}

function to(sink: Sink): Endpoints[number] {
  return { url: sink.origin, events: 'all' };
}

function seqs(sink: Sink): number[] {
  return sink.received.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);
}

const sinks: Sink[] = [];
async function sink(): Promise<Sink> {
  const opened = await openSink();
  sinks.push(opened);
  return opened;
}
afterEach(() => Promise.all(sinks.splice(0).map((each) => each.close())));

describe('webhooks that a person allows while the process runs', () => {
  it('hear nothing before, and then also what happened meanwhile', async () => {
    const receiver = await sink();
    const { hooks, use } = openSwitch([]);
    hooks.committed([committedRow(1)]);
    await hooks.flush(1_000);
    expect(seqs(receiver)).toEqual([]);
    use([to(receiver)]);
    hooks.committed([committedRow(2)]);
    await hooks.flush(10_000);
    expect(seqs(receiver)).toEqual([1, 2]);
  });

  it('hear what happened last, if much happened', async () => {
    const receiver = await sink();
    const { hooks, use } = openSwitch([]);
    for (let seq = 1; seq <= 510; seq += 1) hooks.committed([committedRow(seq)]);
    use([to(receiver)]);
    await hooks.flush(20_000);
    expect(seqs(receiver)).toHaveLength(500);
    expect(seqs(receiver)[0]).toBe(11);
  });

  it('replace those before, which still get what was on its way', async () => {
    const [old, other] = [await sink(), await sink()];
    const { hooks, use } = openSwitch([to(old)]);
    hooks.committed([committedRow(1)]);
    use([to(other)]);
    hooks.committed([committedRow(2)]);
    await hooks.flush(10_000);
    expect([seqs(old), seqs(other)]).toEqual([[1], [2]]);
  });

  it('stay as they are when something else changed', async () => {
    const receiver = await sink();
    const endpoint = to(receiver);
    const { hooks, use } = openSwitch([endpoint]);
    hooks.committed([committedRow(1)]);
    use([endpoint]);
    hooks.committed([committedRow(2)]);
    await hooks.flush(10_000);
    expect(seqs(receiver)).toEqual([1, 2]);
  });
});
