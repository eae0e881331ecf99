import type { CommittedRow } from '../core/audit-row.ts';
import type { EventSink } from '../core/ports.ts';
import type { WebhookOptions } from './deliver.ts';
import { createWebhooks } from './deliver.ts';

export interface SwitchOptions extends Omit<WebhookOptions, 'endpoints'> {
  /** Those that may be told at the moment. */
  readonly endpoints: () => WebhookOptions['endpoints'];
}

/** Webhooks that a person can allow while the process runs. */
export interface Switch extends EventSink {
  /** Look at the endpoints again. */
  changed(): void;
}

/** What happened while nobody might be told waits here for them, as far back as this. Rows. */
const held = 500;

export function createSwitch({ endpoints, ...options }: SwitchOptions): Switch {
  let current = endpoints();
  let sink = createWebhooks({ ...options, endpoints: current });
  let before: EventSink[] = [];
  let waiting: (readonly CommittedRow[])[] = [];
  return {
    committed(rows) {
      if (current.length > 0) return sink.committed(rows);
      waiting = [...waiting, rows].slice(-held);
    },
    changed() {
      const now = endpoints();
      if (now.length === current.length && now.every((endpoint, at) => endpoint === current[at])) return;
      before = [...before, sink];
      current = now;
      sink = createWebhooks({ ...options, endpoints: now });
      if (now.length === 0) return;
      for (const rows of waiting) sink.committed(rows);
      waiting = [];
    },
    async flush(ms) {
      await Promise.all([...before, sink].map((each) => each.flush(ms)));
    },
  };
}
