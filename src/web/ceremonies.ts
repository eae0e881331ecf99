import type { Draft } from '../core/choice.ts';
import type { RequestId } from '../core/request.ts';

/** The decisions for which passkey ceremonies are under way: what was drafted when a challenge was minted is what will be decided. */
export interface Ceremonies {
  keep(ceremony: string, draft: Draft): void;
  /** Once. Null if there is no such ceremony about this request. */
  take(ceremony: string, request: RequestId): Draft | null;
}

/** Of one request: somebody else who has the link must not be able to fill the memory. */
const mostOfOne = 4;
const mostOfAll = 200;

/** Keeps the newest; how long a challenge counts is the gate's to say. */
export function createCeremonies(): Ceremonies {
  const kept = new Map<string, Draft>();
  const forgetOldest = (most: number, counts: (draft: Draft) => boolean): void => {
    const matching = [...kept].filter(([, draft]) => counts(draft));
    for (const [ceremony] of matching.slice(0, Math.max(0, matching.length - most))) kept.delete(ceremony);
  };
  return {
    keep(ceremony, draft) {
      kept.set(ceremony, draft);
      forgetOldest(mostOfOne, ({ request }) => request === draft.request);
      forgetOldest(mostOfAll, () => true);
    },
    take(ceremony, request) {
      const draft = kept.get(ceremony);
      if (draft?.request !== request) return null;
      kept.delete(ceremony);
      return draft;
    },
  };
}
