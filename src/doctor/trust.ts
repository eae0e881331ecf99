import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { PolicyLine } from '../core/policies.ts';
import { oneLine } from '../core/text.ts';
import { comparable, digestOf } from '../trust/difference.ts';
import { openKey, passingKey } from '../trust/key.ts';
import { allLines, changedLines } from '../trust/lines.ts';
import { openPins, placeOf } from '../trust/pins.ts';
import type { Finding } from './finding.ts';
import { note, ok } from './finding.ts';

const check = 'config';

/** Whether a person has approved the config as it stands now. */
export interface Standing {
  /** `new`: no version of it was ever approved, so that `lines` says all that it allows; `changed`: what is another since. */
  readonly kind: 'approved' | 'new' | 'changed';
  readonly lines: readonly PolicyLine[];
  readonly says: string;
}

/** Compares as the server does, but makes no key: without one nothing can have been approved. Rejects with `config_invalid`. */
export async function standingOf(config: Config, stateFolder: string): Promise<Standing> {
  if (!(await exists(join(stateFolder, 'trust.key')))) return neverSeen(config, passingKey());
  const keyed = await openKey(stateFolder);
  const pin = await openPins(stateFolder).read(await placeOf(config));
  if (pin === null) return neverSeen(config, keyed);
  const now = config.policy(keyed);
  const when = `by "${oneLine(pin.by.name)}" on ${pin.approvedAt.slice(0, 10)}`;
  const approved = comparable(pin.policy, now);
  if (digestOf(now) === digestOf(approved)) return { kind: 'approved', lines: [], says: `approved ${when}` };
  const says = `changed since it was approved ${when}`;
  return { kind: 'changed', lines: changedLines(approved, now), says };
}

/** @param source the file, or the environment */
export function checkStanding(source: string, { kind, lines, says }: Standing): readonly Finding[] {
  if (kind === 'approved') return [ok(check, `${source}, ${says}`)];
  const effect =
    kind === 'new'
      ? 'until then no webhook is told and no window opens'
      : 'what that widens is not in force before a person approves it';
  return [
    note(
      check,
      `${source}, ${says}; ${effect}`,
      'look at what it says, and approve it on the page of the next request',
    ),
    ...lines.map(({ subject, says: what, isWide }) => note(check, `${isWide ? 'wide: ' : ''}${subject}: ${what}`)),
  ];
}

/** Whether the tunnel would be used before a person has approved it. */
export function mayOpenTunnel({ lines }: Standing): boolean {
  return !lines.some(({ subject, isWide }) => subject === 'tunnel' && isWide);
}

function neverSeen(config: Config, keyed: (value: string) => string): Standing {
  return { kind: 'new', lines: allLines(config.policy(keyed)), says: 'which no person has approved yet' };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
