import type { Verdict } from './formats/define.ts';
import type { QueuedEvent, Settlement } from './queue.ts';
import { nextTry } from './schedule.ts';

/** One message that was sent. */
export interface SentMessage {
  /** In order; at least those that were in the message. */
  readonly events: readonly QueuedEvent[];
  /** For the first of the events. */
  readonly verdicts: readonly Verdict[];
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** Whether it was time to try; a try before its time leaves the schedule as it is. */
  readonly isDue: boolean;
  /** From 0 to 1. */
  readonly chance: number;
}

/** What verdicts mean for the events. Of those that have to be tried again the first counts a failed try: those after it may be innocent. */
export function settlementOf({ events, verdicts, now, isDue, chance }: SentMessage): Settlement {
  const judged = events.slice(0, verdicts.length).map((queued, at) => ({ queued, verdict: verdicts[at] }));
  const rowsOf = (kind: Verdict['kind']) =>
    judged.flatMap(({ queued, verdict }) => (verdict?.kind === kind ? [queued.row] : []));
  const dead = judged.flatMap(({ queued: { row }, verdict }) =>
    verdict?.kind === 'refused' ? [{ row, problem: verdict.why }] : [],
  );
  const disabled = verdicts.find((verdict) => verdict.kind === 'disable')?.why ?? null;
  const common = { now, delivered: rowsOf('delivered'), dead, disabled };
  const first = judged.find(({ verdict }) => verdict?.kind === 'retry');
  if (first?.verdict?.kind !== 'retry') return { ...common, failed: null, pausedUntil: null };
  const { why: problem, afterMs = null } = first.verdict;
  const { row, attempts, createdAt } = first.queued;
  const next = nextTry({ attempts, createdAt, now, afterMs, chance });
  const pausedUntil = afterMs === null ? null : next.at;
  return { ...common, failed: isDue ? { row, ...next, problem } : null, pausedUntil };
}
