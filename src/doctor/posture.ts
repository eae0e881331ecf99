import type { Posture } from '../platform/posture.ts';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';

/** Whether whoever started us, as the agent would, is another user, who then cannot write our files. */
export function isApart({ uid, starterUid, places }: Posture): boolean {
  return uid !== null && uid !== 0 && starterUid !== null && starterUid !== uid && places.length > 0;
}

/** What the place in which we run gives away to an agent that runs as the same user. */
export function checkPosture(posture: Posture): readonly Finding[] {
  return [files(posture), ...memory(posture), ...variables(posture), ...inspector(posture)];
}

function files(posture: Posture): Finding {
  const check = 'files';
  if (isApart(posture))
    return ok(
      check,
      `we run as user ${posture.uid}, started by user ${posture.starterUid}, who cannot write our files`,
    );
  const changeable = posture.places
    .filter((place) => place.changeable)
    .map(({ what, path }) => `${names[what]} ${path}`);
  if (changeable.length === 0) return ok(check, 'this user cannot change our files');
  return note(
    check,
    `this user, and so an agent that runs as it, can change ${changeable.join(', ')}`,
    'run agent-vault as another user than the agent',
  );
}

const names = { state: 'the state folder', config: 'the config', program: 'the program', node: 'Node' };

function memory(posture: Posture): readonly Finding[] {
  const check = 'memory';
  if (isApart(posture)) return [];
  const found = posture.ptraceScope === 0 ? [note(check, reading, 'sysctl kernel.yama.ptrace_scope=2')] : [];
  const writes = posture.coreHoldsMemory !== false && posture.coreLimit !== null && posture.coreLimit > 0;
  return writes ? [...found, note(check, 'a crash may write memory to a core file', 'ulimit -c 0')] : found;
}

const reading = 'every process of this user can read the server’s memory (ptrace_scope is 0)';

function variables({ variables }: Posture): readonly Finding[] {
  const check = 'environment';
  if (variables.length === 0) return [ok(check, 'no variable lets others into this process')];
  return variables.map(({ name, does }) =>
    note(check, `${name} is set: it ${does}`, `unset ${name}, unless you set it`),
  );
}

function inspector({ ngrokInspector }: Posture): readonly Finding[] {
  if (!ngrokInspector) return [];
  return [
    note(
      'port 4040',
      'somebody answers there; an ngrok agent shows each request that it carries, links included, to every process of this machine',
      'end that agent, or set "inspect: false"; agent-vault’s own tunnel has no such page',
    ),
  ];
}
