import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';

const check = 'port';

/** Listens for a moment where the approval pages would be served. @param port as configured; 0 means any */
export async function checkPort(port: number): Promise<Finding> {
  if (port === 0) return ok(check, 'any free one is taken for the approval pages');
  const hosts = ['127.0.0.1', '::1'];
  for (const host of hosts) {
    if (await isTaken(port, host))
      return note(
        check,
        `${port} is taken on ${host}, perhaps by an agent-vault that is running; the next one takes another port`,
        'if it is not one of yours, find out who serves pages where you expect ours',
      );
  }
  return ok(check, `${port} is free`);
}

/** A machine without IPv6 has no ::1, and nobody can take what is not there. */
async function isTaken(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen({ port, host, exclusive: true }), 'listening');
    return false;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && (thrown.code === 'EADDRINUSE' || thrown.code === 'EACCES');
  } finally {
    server.close();
  }
}
