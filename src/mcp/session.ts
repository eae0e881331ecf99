import { hostname } from 'node:os';
import type { Random } from '../core/ports.ts';
import type { Session } from '../core/request.ts';
import { sessionId } from '../core/request.ts';
import { oneLine, shortened } from '../core/text.ts';

/** One run of an agent's client, as it names itself. */
export function createSession(client: { name: string; version: string } | undefined, random: Random): Session {
  const said = client === undefined ? 'an unnamed client' : `${client.name} ${client.version}`.trim();
  return {
    id: sessionId(random.id()),
    agent: shortened(oneLine(said), 80),
    folder: oneLine(process.cwd()),
    pid: process.pid,
    host: oneLine(hostname()),
  };
}
