import type { Server } from 'node:http';

export interface Bound {
  readonly port: number;
  readonly servers: readonly Server[];
}

/** So many ports after the wanted one are tried, then any free one is taken. */
const triedPorts = 20;

/**
 * Listens on 127.0.0.1 and, where this machine has IPv6, on ::1 with the same port: browsers open either for `localhost`, so a
 * port is free only if both are. Takes the next free port if `wanted` is taken; 0 means any.
 */
export async function listen(create: () => Server, wanted: number): Promise<Bound> {
  for (const port of candidates(wanted)) {
    const bound = await bindBoth(create, port);
    if (bound !== null) return bound;
  }
  throw new Error('no free port');
}

function candidates(wanted: number): number[] {
  const near = Array.from({ length: triedPorts }, (_, step) => wanted + step).filter(
    (port) => wanted > 0 && port <= 65_535,
  );
  return [...near, ...Array<number>(triedPorts).fill(0)];
}

/** Null if either address is taken. */
async function bindBoth(create: () => Server, wanted: number): Promise<Bound | null> {
  const v4 = create();
  if ((await bind(v4, '127.0.0.1', wanted)) !== 'bound') return null;
  const port = portOf(v4);
  const v6 = create();
  try {
    const outcome = await bind(v6, '::1', port);
    if (outcome === 'bound') return { port, servers: [v4, v6] };
    if (outcome === 'absent') return { port, servers: [v4] };
  } catch (thrown) {
    v4.close();
    throw thrown;
  }
  await new Promise((resolve) => v4.close(resolve));
  return null;
}

/** `taken`: somebody else has it, or the system keeps it back. `absent`: this machine has no such address. */
function bind(server: Server, host: string, port: number): Promise<'bound' | 'taken' | 'absent'> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const { code = '' } = error;
      if (['EADDRINUSE', 'EACCES'].includes(code)) resolve('taken');
      else if (['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(code)) resolve('absent');
      else reject(error);
    };
    server.once('error', onError);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve('bound');
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
