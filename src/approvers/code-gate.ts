import type { Clock } from '../core/clock.ts';
import { readCode, stepOf } from './codes.ts';
import type { Occasion, Proved, Unproved } from './define.ts';
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
      let verdict: Verdict = { kind: 'spent' };
      await roster.note(async (approvers) => {
        if (wrong.isSpent(occasion)) return approvers;
        const judged = await judge(approvers, code, clock.wall());
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

async function judge(approvers: readonly PairedApprover[], code: string, wall: number): Promise<Judged> {
  const apps = approvers.filter((approver) => approver.factor === 'totp');
  const open = apps.filter((app) => blockedMs(app, wall) === 0);
  if (open.length === 0) return { approvers, verdict: { kind: 'blocked', waitMs: shortestWait(apps, wall) } };
  const tried = new Map<string, PairedApp>();
  for (const app of open) {
    const step = await stepOf(code, app.secret, wall, app.lastStep);
    if (step !== null) {
      return { approvers: replaced(approvers, afterRight(app, step)), verdict: { kind: 'right', name: app.name } };
    }
    tried.set(app.id, afterWrong(app, wall));
  }
  const after = approvers.map((approver) => tried.get(approver.id) ?? approver);
  const waitMs = shortestWait(
    after.filter((approver) => approver.factor === 'totp'),
    wall,
  );
  return { approvers: after, verdict: { kind: 'wrong', waitMs } };
}

function replaced(approvers: readonly PairedApprover[], by: PairedApp): readonly PairedApprover[] {
  return approvers.map((approver) => (approver.id === by.id ? by : approver));
}

function shortestWait(apps: readonly PairedApp[], wall: number): number {
  return Math.min(...apps.map((app) => blockedMs(app, wall)));
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
