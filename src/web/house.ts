import type { Gate } from '../approvers/define.ts';
import type { Board } from '../core/board.ts';
import type { Clock } from '../core/clock.ts';
import type { Desk, Log, Random } from '../core/ports.ts';
import type { RequestId } from '../core/request.ts';
import { createApp } from './app.ts';
import { closed, createAppServer } from './base.ts';
import { createLinks } from './links.ts';
import { listen } from './listen.ts';
import { loadPages } from './pages.ts';
import { createApprove } from './routes/approve.ts';
import { createHome } from './routes/home.ts';
import { createVisitors } from './visitors.ts';

/** How this process itself is reached from outside. */
export interface Reach {
  /** The tunnel's origin at this moment; null without one. */
  readonly publicOrigin: () => string | null;
  /** Why there is none, in our words; null if there is nothing to say. */
  readonly outage: () => string | null;
}

/** The approval server while it runs. */
export interface House {
  readonly port: number;
  readonly gate: Gate;
  /** Path and query of a request's page. @param expiresAt wall clock, milliseconds */
  readonly path: (id: RequestId, expiresAt: number) => string;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly desk: Desk;
  readonly board: Board;
  readonly openGate: (reach: Reach) => Gate;
  /** 0 means any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly reach: Reach;
}

/** Loads Express and the templates: to be imported when the first link is made, not before. */
export async function openHouse({
  desk,
  board,
  openGate,
  port: wanted,
  clock,
  random,
  log,
  reach,
}: HouseOptions): Promise<House> {
  const pages = await loadPages();
  const links = createLinks(random);
  const gate = openGate(reach);
  const approve = createApprove({ desk, clock, gate, links, visitors: createVisitors(random), pages });
  const home = createHome({ board, gate, clock, random, links, pages });
  const address = { port: 0, publicOrigin: reach.publicOrigin };
  const app = createApp({ approve, home, pages, address, random, log });
  const { port, servers } = await listen(() => createAppServer(app), wanted);
  address.port = port;
  // Out of file descriptors, for one: without a listener it would end the process.
  for (const server of servers) server.on('error', () => log.once('the approval server could not accept a connection'));
  if (wanted !== 0 && port !== wanted) log.once(`port ${wanted} is taken; the approval pages are on port ${port}`);
  return {
    port,
    gate,
    path: (id, expiresAt) => links.path(id, expiresAt),
    close: async () => {
      await Promise.all(servers.map(closed));
    },
  };
}
