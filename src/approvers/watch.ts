import { asVaultError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { shared } from '../platform/shared.ts';
import type { Approvers, PairedApprover } from './records.ts';
import type { Roster } from './roster.ts';

export interface RosterWatch {
  /** Looks whether somebody else has changed who may approve. Cheap when not. Never rejects. */
  look(): Promise<void>;
}

export interface RosterWatchOptions {
  readonly roster: Roster;
  readonly log: Log;
  /** Who may approve is another than before, or cannot be told any more. */
  readonly onChange: () => Promise<void>;
}

/** `pair` is another process: this one notices by the file, and says so where its own messages go. */
export async function watchRoster({ roster, log, onChange }: RosterWatchOptions): Promise<RosterWatch> {
  let stamp = await roster.stamp();
  let known = await readable(roster, log);
  const look = async (): Promise<void> => {
    const now = await roster.stamp();
    if (now === stamp) return;
    stamp = now;
    const found = await readable(roster, log);
    const before = known;
    known = found;
    // Counters change with every use; who may approve only with the generation.
    if (found !== null && found.generation === before?.generation) return;
    for (const line of differences(before, found)) log.warn(line);
    await onChange();
  };
  // Whoever looks while another closes what a change ends waits for that.
  return { look: shared(look) };
}

/** Null where nobody can say who may approve. */
async function readable(roster: Roster, log: Log): Promise<Approvers | null> {
  try {
    return await roster.read();
  } catch (thrown) {
    const { message, hint } = asVaultError(thrown, 'config_invalid', 'who may approve cannot be read');
    log.warn(`nothing can be approved: ${message}`, hint);
    return null;
  }
}

function differences(before: Approvers | null, now: Approvers | null): string[] {
  if (now === null) return [];
  const known = before?.approvers ?? [];
  const came = now.approvers.filter(({ id }) => known.every((each) => each.id !== id));
  const left = known.filter(({ id }) => now.approvers.every((each) => each.id !== id));
  const reset = now.resetAt !== (before?.resetAt ?? null) ? ['all approvers were removed by a reset'] : [];
  return [
    ...reset,
    ...came.map((approver) => `${named(approver)} may approve from now on`),
    ...left.map((approver) => `${named(approver)} may not approve any more`),
  ];
}

function named({ name, factor, fingerprint }: PairedApprover): string {
  return `"${name}" (${factor}, ${fingerprint})`;
}
