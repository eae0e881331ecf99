import type { Clock } from '../core/clock.ts';
import { readCode, stepOf } from './codes.ts';
import type { Occasion, Proved, Purpose, Unproved } from './define.ts';
import { unproved } from './define.ts';
import type { PairedApp, PairedApprover } from './records.ts';
import type { Roster } from './roster.ts';
import { afterRight, afterWrong, blockedMs, OccasionTries } from './tries.ts';

export interface CodeGate {
  prove(occasion: Occasion, text: string): Promise<Proved | Unproved>;
}

/** Checks codes of authenticator apps. That a code was tried is on the disk before anybody hears what came of it. */
export function createCodeGate({ roster, clock }: { readonly roster: Roster; readonly clock: Clock }): CodeGate {
  const wrong = new OccasionTries();
  return {
    async prove(occasion, text) {
      const code = readCode(text);
      if (code === null)
        return unproved('That is not a code: it must be the 6 digits that your authenticator app shows.');
      const { purpose } = occasion;
      const waitMs = blocked((await roster.read()).approvers, purpose, clock.wall());
      // Without the file's lock, which whoever hammers could otherwise hold all the time.
      if (wrong.isSpent(occasion)) return answer({ kind: 'spent' }, true);
      if (waitMs > 0) return answer({ kind: 'blocked', waitMs }, false);
      let verdict: Verdict = { kind: 'spent' };
      await roster.note(async (approvers) => {
        if (wrong.isSpent(occasion)) return approvers;
        const judged = await judge(approvers, { code, purpose, wall: clock.wall() });
        verdict = judged.verdict;
        if (verdict.kind === 'wrong') wrong.add(occasion);
        return judged.approvers;
      });
      return answer(verdict, wrong.isSpent(occasion));
    },
  };
}

type Verdict =
  | { readonly kind: 'right'; readonly name: string }
  | { readonly kind: 'wrong'; readonly waitMs: number }
  /** No code is looked at now. */
  | { readonly kind: 'blocked'; readonly waitMs: number }
  /** The occasion has had its tries. */
  | { readonly kind: 'spent' };

interface Judged {
  readonly approvers: readonly PairedApprover[];
  readonly verdict: Verdict;
}

interface Tried {
  readonly code: string;
  readonly purpose: Purpose;
  readonly wall: number;
}

async function judge(approvers: readonly PairedApprover[], tried: Tried): Promise<Judged> {
  const { code, purpose, wall } = tried;
  const waitMs = blocked(approvers, purpose, wall);
  if (waitMs > 0) return { approvers, verdict: { kind: 'blocked', waitMs } };
  const wrong = new Map<string, PairedApp>();
  for (const app of appsOf(approvers).filter((each) => blockedMs(each, purpose, wall) === 0)) {
    const step = await stepOf(code, app.secret, wall, app.lastStep);
    if (step !== null) {
      const right = replaced(approvers, afterRight(app, purpose, step));
      return { approvers: right, verdict: { kind: 'right', name: app.name } };
    }
    wrong.set(app.id, afterWrong(app, purpose, wall));
  }
  const after = approvers.map((approver) => wrong.get(approver.id) ?? approver);
  return { approvers: after, verdict: { kind: 'wrong', waitMs: blocked(after, purpose, wall) } };
}

function replaced(approvers: readonly PairedApprover[], by: PairedApp): readonly PairedApprover[] {
  return approvers.map((approver) => (approver.id === by.id ? by : approver));
}

/** Milliseconds until a code of any app is looked at. */
function blocked(approvers: readonly PairedApprover[], purpose: Purpose, wall: number): number {
  return Math.min(...appsOf(approvers).map((app) => blockedMs(app, purpose, wall)));
}

function appsOf(approvers: readonly PairedApprover[]): readonly PairedApp[] {
  return approvers.filter((approver) => approver.factor === 'totp');
}

function answer(verdict: Verdict, isSpent: boolean): Proved | Unproved {
  if (verdict.kind === 'right') {
    return { proved: true, approver: { name: verdict.name, factor: 'totp' }, assertion: null };
  }
  const tooMany = 'There were too many wrong codes';
  if (verdict.kind === 'spent') return unproved(`${tooMany} for this.`, true);
  if (verdict.kind === 'blocked')
    return unproved(`${tooMany}: none is looked at for ${inWords(verdict.waitMs)}.`, isSpent);
  const wrong = 'That code is not right, or it was used before.';
  if (verdict.waitMs === 0) return unproved(`${wrong} Please wait for the next one.`, isSpent);
  return unproved(`${wrong} ${tooMany}: the next one is looked at in ${inWords(verdict.waitMs)}.`, isSpent);
}

function inWords(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}
