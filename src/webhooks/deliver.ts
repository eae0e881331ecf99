import type { CommittedRow } from '../core/audit-row.ts';
import type { Clock } from '../core/clock.ts';
import { atMost } from '../core/clock.ts';
import type { EventSink, Log } from '../core/ports.ts';
import type { Endpoint } from './courier.ts';
import { createCourier } from './courier.ts';
import { eventsOf, wants } from './events.ts';

export interface WebhookOptions {
  readonly endpoints: readonly Endpoint[];
  readonly log: Log;
  readonly clock: Clock;
  /** Milliseconds one delivery may take. */
  readonly timeoutMs?: number;
}

/** Sends committed rows to the configured endpoints: each event at most once, in order per endpoint, kept in memory only. */
export function createWebhooks({ endpoints, log, clock, timeoutMs = 10_000 }: WebhookOptions): EventSink {
  const routes = endpoints.map((endpoint, at) => {
    const name = `webhook ${at + 1} (${new URL(endpoint.url).origin})`;
    return { events: endpoint.events, courier: createCourier({ ...endpoint, name, timeoutMs, log }) };
  });
  const couriers = routes.map(({ courier }) => courier);

  return {
    committed(rows: readonly CommittedRow[]) {
      const wanted = rows.filter(({ action }) => routes.some(({ events }) => wants(events, action)));
      for (const event of eventsOf(wanted)) {
        for (const { events, courier } of routes) if (wants(events, event.action)) courier.send(event);
      }
    },
    async flush(ms) {
      await atMost(clock, ms, Promise.all(couriers.map(({ idle }) => idle())));
      const left = couriers.reduce((sum, courier) => sum + courier.left(), 0);
      if (left > 0) log.warn(`${left} ${left === 1 ? 'event was' : 'events were'} not delivered before the end`);
    },
  };
}
