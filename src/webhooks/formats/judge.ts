import type { Answer, Verdict } from './define.ts';

export const delivered: Verdict = { kind: 'delivered' };

/** Later, when the target says, if it says. Without a reason of its own: the status. */
export function later({ status, retryAfterMs }: Answer, why = `it answered ${status}`): Verdict {
  return { kind: 'retry', why, ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }) };
}

/** 2xx is success, 410 wants no more (Standard Webhooks 1.0.0), 413 is about what was sent, and all else may pass. */
export function byStatus(answer: Answer): Verdict {
  const { status } = answer;
  if (status >= 200 && status < 300) return delivered;
  if (status === 410) return { kind: 'disable', why: 'it answered 410: it is gone' };
  return status === 413 ? refused('it answered 413: too large') : later(answer);
}

export function refused(why: string): Verdict {
  return { kind: 'refused', why };
}

/** An answer as JSON; undefined where it is none. */
export function jsonOf({ body }: Answer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
