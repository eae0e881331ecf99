import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { isoTime } from '../core/clock.ts';
import { VaultError } from '../core/errors.ts';
import type { Proof } from '../core/request.ts';
import { openStateFile } from '../platform/state-file.ts';
import type { Approvers, FormerPasskey, PairedApprover } from './records.ts';
import { isName, nobody, parseApprovers, sameName, written } from './records.ts';

/** Who may approve, in the user's state folder. Every method reads the file anew and throws `config_invalid` if it is not as we wrote it. */
export interface Roster {
  read(): Promise<Approvers>;
  /** Another one whenever the file may be another; null while there is none. */
  stamp(): Promise<string | null>;
  /** Throws `input_invalid` for a name that is taken or unfit, and for what `Change.by` does not allow. */
  add(approver: PairedApprover, change: Change): Promise<Approvers>;
  /** Throws `input_invalid` if there is no such approver. */
  remove(id: string, change: Change): Promise<Approvers>;
  /** Wipes all approvers, also where the file is damaged. Nothing can be approved after it until somebody is paired. */
  reset(before: () => Promise<void>): Promise<Approvers>;
  /** Writes down that approvers were used, or tried. Under the file's lock; who they are stays as it is. */
  note(update: Noting): Promise<void>;
}

export type Noting = (
  approvers: readonly PairedApprover[],
) => readonly PairedApprover[] | Promise<readonly PairedApprover[]>;

export interface Change {
  /** The approver who allowed it. Null counts only while there is none. */
  readonly by: Proof | null;
  /** Runs when nothing but the file's own change is left to do: the place for the audit row. If it throws, nothing has changed. */
  readonly before: () => Promise<void>;
}

/**
 * @param folder the user's state folder
 * @param isOvertaken whether the account has another one by now: then this one says nothing about who may approve
 */
export function openRoster(folder: string, clock: Pick<Clock, 'wall'>, isOvertaken = (): boolean => false): Roster {
  const file = openStateFile({ path: join(folder, 'approvers.json'), parse: parseContent, empty: new Content(nobody) });
  const change = async (
    update: (now: Approvers) => Approvers | Promise<Approvers>,
    damaged?: Approvers,
  ): Promise<Approvers> => {
    const changed = async ({ approvers }: Content): Promise<Content> => new Content(await update(approvers));
    return (await file.change(changed, damaged && new Content(damaged))).approvers;
  };
  const now = (): string => isoTime(clock.wall());
  return {
    read: async () => {
      if (isOvertaken()) throw overtaken();
      return (await file.read()).approvers;
    },
    stamp: async () => (isOvertaken() ? 'overtaken' : file.stamp()),
    add: (approver, { by, before }) =>
      change(async (current) => {
        mayChange(current, by);
        fits(current, approver);
        await before();
        return later(current, { approvers: [...current.approvers, approver] });
      }),
    remove: (id, { by, before }) =>
      change(async (current) => {
        mayChange(current, by);
        const leaving = current.approvers.filter((approver) => approver.id === id);
        if (leaving.length === 0) throw new VaultError('input_invalid', 'there is no such approver');
        await before();
        const approvers = current.approvers.filter((approver) => approver.id !== id);
        return later(current, { approvers, former: [...current.former, ...retired(leaving, now())] });
      }),
    reset: (before) =>
      change(async (current) => {
        await before();
        const former = [...current.former, ...retired(current.approvers, now())];
        return later(current, { approvers: [], former, resetAt: now() });
      }, unreadable(clock.wall())),
    note: async (update) => {
      await change(async (current) => ({ ...current, approvers: await update(current.approvers) }));
    },
  };
}

/** What `Roster.add` would throw for the name and who allows it, before anything was done for it. */
export function checkAddition(
  now: Approvers,
  { name, by }: { readonly name: string; readonly by: Proof | null },
): void {
  mayChange(now, by);
  checkName(now, name);
}

/** What the file holds: masked in memory, plain only as JSON on its way to the disk. */
class Content {
  readonly approvers: Approvers;

  constructor(approvers: Approvers) {
    this.approvers = approvers;
  }

  toJSON(): unknown {
    return written(this.approvers);
  }
}

function parseContent(json: unknown): Content {
  return new Content(parseApprovers(json));
}

function overtaken(): VaultError {
  return new VaultError('config_invalid', 'this account has its approvers in another folder by now', {
    hint: 'start the server again',
  });
}

/** What a reset starts from where nobody can say who may approve: a generation that was none before. */
function unreadable(wall: number): Approvers {
  return { ...nobody, generation: Math.floor(wall / 1_000) };
}

function later(now: Approvers, changes: Partial<Approvers>): Approvers {
  return { ...now, ...changes, generation: now.generation + 1 };
}

function retired(approvers: readonly PairedApprover[], removedAt: string): readonly FormerPasskey[] {
  return approvers.filter((approver) => approver.factor === 'passkey').map((passkey) => ({ ...passkey, removedAt }));
}

/** Asked under the lock: the first pairing may have been another's meanwhile, and who allowed this one may be gone. */
function mayChange({ approvers }: Approvers, by: Proof | null): void {
  if (approvers.length === 0) return;
  const isCurrent = ({ name, factor }: PairedApprover): boolean =>
    name === by?.approver.name && factor === by.approver.factor;
  if (approvers.some(isCurrent)) return;
  throw new VaultError('input_invalid', 'an approver who is paired must allow this', {
    hint: 'approve it with a paired device, or wipe all approvers with `agent-vault pair --reset`',
  });
}

function fits(now: Approvers, { name, ...added }: PairedApprover): void {
  checkName(now, name);
  if (now.approvers.some((approver) => isSameKey(approver, added))) {
    throw new VaultError('input_invalid', 'this device is paired already');
  }
}

function checkName({ approvers }: Approvers, name: string): void {
  if (!isName(name)) {
    throw new VaultError('input_invalid', 'the name must be 1 to 60 visible characters on one line');
  }
  if (approvers.some((approver) => sameName(approver.name, name))) {
    throw new VaultError('input_invalid', 'another approver has this name', { hint: 'choose another with --name' });
  }
}

function isSameKey(approver: PairedApprover, added: Omit<PairedApprover, 'name'>): boolean {
  return approver.factor === added.factor && approver.fingerprint === added.fingerprint;
}
