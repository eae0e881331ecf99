import type { IncomingMessage } from 'node:http';
import type { Gate, Ways } from '../approvers/define.ts';
import type { Place } from './place.ts';
import type { SignIn, SignIns } from './sign-ins.ts';

/** A browser at the door of the home page. */
export interface Knock {
  readonly place: Place;
  readonly cookies: string | undefined;
  /** What could prove an approver here. */
  readonly ways: Ways;
  /** Of those who may approve, before anything is proved; null where it cannot be read: then nobody is signed in. */
  readonly generation: number | null;
  /** Null if its person is to sign in first. */
  readonly signIn: SignIn | null;
}

/** Null while nobody was ever paired: then there is no home page. */
export async function knockOf(
  { gate, signIns }: { readonly gate: Gate; readonly signIns: SignIns },
  request: IncomingMessage,
  place: Place,
): Promise<Knock | null> {
  const generation = await gate.generation();
  const ways = await gate.ways(place.origin);
  if (ways.link) return null;
  const cookies = request.headers.cookie;
  const found = generation === null ? null : signIns.recognise(cookies, place, generation);
  const counts = found !== null && ways[found.approver.factor];
  return { place, cookies, ways, generation, signIn: counts ? found : null };
}
