import type { Board } from '../core/board.ts';
import type { Clock } from '../core/clock.ts';
import { atMost } from '../core/clock.ts';
import { asVaultError, VaultError } from '../core/errors.ts';
import type { Desk, Doorway, Log, Random, Tunnel } from '../core/ports.ts';
import type { House, HouseOptions } from './house.ts';
import { createWayIn } from './way-in.ts';

export interface DoorwayOptions {
  readonly desk: Desk;
  readonly board: Board;
  readonly openGate: HouseOptions['openGate'];
  /** Null if none is configured. */
  readonly tunnel: Tunnel | null;
  /** 0 means any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const nobodyPaired =
  'nobody is paired: whoever has the link can approve, an agent that finds it too; after pairing, only your own device can';

/** What is still open after this long is left to the end of the process, in milliseconds. */
const closeMs = 900;

/** Opens nothing yet: the server and the tunnel start with the first link, once for all links that are wanted meanwhile. */
export function openDoorway(options: DoorwayOptions): Doorway {
  const { tunnel, clock, log } = options;
  const wayIn = createWayIn({ tunnel, clock, log });
  let opening: Promise<House> | null = null;
  let closing: Promise<void> | null = null;

  const house = async (): Promise<House> => {
    const shared = (opening ??= import('./house.ts').then(({ openHouse }) =>
      openHouse({ ...options, reach: { publicOrigin: wayIn.origin, outage: wayIn.outage } }),
    ));
    try {
      return await shared;
    } catch (thrown) {
      if (opening === shared) opening = null;
      if (thrown instanceof Error) log.once(`the approval pages cannot be served: ${thrown.message}`);
      throw asVaultError(thrown, 'approval_unavailable', 'the approval page cannot be served on this machine');
    }
  };

  const mustBeOpen = (): void => {
    if (closing !== null) throw new VaultError('closing', 'agent-vault is shutting down');
  };

  const shut = async (): Promise<void> => {
    const closeHouse = opening?.then((open) => open.close());
    await atMost(clock, closeMs, Promise.allSettled([closeHouse, wayIn.close()]));
  };

  return {
    // Waits for the tunnel no longer than half of the time that the person has.
    async link(id, expiresAtWall) {
      mustBeOpen();
      const { port, path, gate } = await house();
      mustBeOpen();
      const local = await wayIn.open(port, (expiresAtWall - clock.wall()) / 2);
      const origin = wayIn.origin() ?? `http://localhost:${port}`;
      const { link, totp, passkey, says } = await gate.ways(origin);
      mustBeOpen();
      if (link) log.once(nobodyPaired, 'agent-vault pair');
      const notes = [local, link || totp || passkey ? null : says].filter((note) => note !== null);
      return { url: origin + path(id, expiresAtWall), ...(notes.length === 0 ? {} : { note: notes.join('; ') }) };
    },
    close: () => (closing ??= shut()),
  };
}
