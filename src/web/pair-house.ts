import type { Clock } from '../core/clock.ts';
import { atMost } from '../core/clock.ts';
import type { Log, Random } from '../core/ports.ts';
import { closed, createAppServer } from './base.ts';
import { listen } from './listen.ts';
import { createPairApp } from './pair-app.ts';
import { loadPages } from './pages.ts';
import { createPair } from './routes/pair.ts';
import type { Errand } from './routes/pair.ts';

/** The pairing server while it runs. */
export interface PairHouse {
  readonly port: number;
  /** From now on the page does this errand, and no earlier one. Returns its path, with the code in the fragment. */
  offer(errand: Errand): string;
  /** Waits until the page has been told how its errand ended, at most `ms`. */
  told(ms: number): Promise<void>;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

export interface PairHouseOptions {
  /** 0 means any free port; if it is taken, another one is. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The tunnel's origin at this moment; null without one. */
  readonly publicOrigin: () => string | null;
}

/** Loads Express and the templates. */
export async function openPairHouse(options: PairHouseOptions): Promise<PairHouse> {
  const { clock, random, log, publicOrigin } = options;
  const pages = await loadPages();
  const pair = createPair({ clock, random, pages, publicOrigin });
  const address = { port: 0, publicOrigin };
  const app = createPairApp({ pair, pages, address, random, log });
  const { port, servers } = await listen(() => createAppServer(app), options.port);
  address.port = port;
  for (const server of servers) server.on('error', () => log.once('the pairing page could not accept a connection'));
  return {
    port,
    offer: (errand) => {
      pair.offer(errand);
      return `/pair#${errand.code}`;
    },
    told: (ms) => atMost(clock, ms, pair.told()),
    close: async () => {
      await Promise.all(servers.map(closed));
    },
  };
}
