import { loadConfig } from '../config/load.ts';
import { VaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { oneLine } from '../core/text.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { listEndpoints, replayEvents, retryEndpoints, testWebhook } from '../webhooks/admin.ts';
import { formatPlugins } from '../webhooks/config.ts';
import type { Webhook } from '../webhooks/endpoint.ts';
import { endpointsOf } from '../webhooks/endpoint.ts';
import type { Verdict } from '../webhooks/formats/define.ts';
import type { EndpointReport } from '../webhooks/reports.ts';
import { openWebhooks } from '../webhooks/webhooks.ts';
import { inForce } from './in-force.ts';
import type { Where } from './place.ts';
import { findPlace } from './place.ts';

export type { Verdict } from '../webhooks/formats/define.ts';

/** What is known of an endpoint. */
export interface Endpoint extends EndpointReport {
  /** Counted from 1, in the order of the list. */
  readonly number: number;
  /** `approved`: it is told. `new`: no person has approved it yet. `former`: it is in the config no more. */
  readonly standing: 'approved' | 'new' | 'former';
}

/** What a person can do about webhooks. */
export interface WebhooksApp {
  list(): Promise<readonly Endpoint[]>;
  /** The one that is meant by its number, its id, its address or the beginning of one of these. Rejects with `input_invalid`. */
  find(text: string): Promise<Endpoint>;
  /** Lets wait again what was given up, and enables. Gives the number of events. */
  retry(endpoints: readonly Endpoint[]): Promise<number>;
  /** Gives the number of events that wait now and did not before. @param since wall clock, milliseconds */
  replay(endpoints: readonly Endpoint[], since: number): Promise<number>;
  /** Sends what waits and is due, for so many milliseconds at most; says what is left. */
  deliver(ms: number): Promise<void>;
  /** Sends one event that says that it is a test, with the credentials of the config. */
  test(endpoint: Endpoint): Promise<Verdict>;
  /** The same to any address, in the format `json` and without credentials. Rejects with `input_invalid` for what is none. */
  testAddress(url: string): Promise<Verdict>;
}

export interface WebhooksAppOptions {
  readonly where: Where;
  /** Another log than the config's. */
  readonly file: string | null;
  readonly log: Log;
}

export async function openWebhooksApp({ where, file, log }: WebhooksAppOptions): Promise<WebhooksApp> {
  const config = await loadConfig(where);
  const { file: database } = await findPlace(where, { file, log });
  const { webhooks: told } = await inForce(config, where, log);
  const admin = { file: database, clock: systemClock };
  const all = endpointsOf(config.webhooks);

  const list = async (): Promise<readonly Endpoint[]> => {
    const reports = await listEndpoints({ ...admin, endpoints: all });
    return reports.map((report, at) => ({ ...report, number: at + 1, standing: standingOf(report.webhook, told) }));
  };
  return {
    list,
    find: async (text) => findIn(await list(), text),
    retry: (endpoints) =>
      retryEndpoints(
        endpoints.map(({ id }) => id),
        admin,
      ),
    replay: (endpoints, since) => {
      const ids = new Set(endpoints.map(({ id }) => id));
      return replayEvents(since, { ...admin, endpoints: all.filter(({ id }) => ids.has(id)) });
    },
    async deliver(ms) {
      const webhooks = openWebhooks({
        file: database,
        endpoints: () => told,
        clock: systemClock,
        random: systemRandom,
        log,
      });
      await webhooks.changed();
      await webhooks.close(ms);
    },
    test: async ({ webhook }) => {
      if (webhook === null) throw new VaultError('input_invalid', 'this endpoint is in the config no more');
      return testWebhook(webhook, { clock: systemClock, random: systemRandom });
    },
    testAddress: async (url) => testWebhook(plain(url), { clock: systemClock, random: systemRandom }),
  };
}

function standingOf(webhook: Webhook | null, told: readonly Webhook[]): Endpoint['standing'] {
  if (webhook === null) return 'former';
  return told.includes(webhook) ? 'approved' : 'new';
}

function findIn(endpoints: readonly Endpoint[], text: string): Endpoint {
  const exact = endpoints.filter(
    ({ number, id, webhook }) => text === String(number) || text === id || text === webhook?.url,
  );
  const begun = endpoints.filter(
    ({ id, name, webhook }) =>
      (text.length >= 4 && id.startsWith(text)) ||
      name === text ||
      name.replace(/^\w+:\/\//u, '') === text ||
      webhook?.url.startsWith(text) === true,
  );
  const [found, other] = exact.length > 0 ? exact : begun;
  const hint = 'agent-vault webhooks list shows their numbers';
  if (found === undefined) throw new VaultError('input_invalid', `there is no endpoint "${oneLine(text)}"`, { hint });
  if (other !== undefined)
    throw new VaultError('input_invalid', `"${oneLine(text)}" can mean several endpoints`, { hint });
  return found;
}

function plain(url: string): Webhook {
  const plugin = formatPlugins.find(({ type }) => type === 'json');
  if (plugin === undefined) throw new VaultError('internal', 'there is no format json');
  if (URL.parse(url) === null) throw new VaultError('input_invalid', 'this is no address');
  return { plugin, options: {}, url, secrets: [], allowPrivate: false, events: 'all', required: false };
}
