import type { Approver, RequestId } from '../core/request.ts';

/** What somebody sent in order to decide. The link, the origin and the form's token have been checked; who it is has not. */
export interface Attempt {
  readonly request: RequestId;
  readonly approve: boolean;
  /** The factor's own fields, as they came; a field that was not sent is missing. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A way to prove who decides. */
export interface Factor {
  readonly factor: Approver['factor'];
  /** What the page says about how much this proves, in one or two plain sentences. */
  readonly says: string;
  /** The form fields it adds to the page's own. Others are refused. */
  readonly fields: readonly string[];
  /** The approver, once proved; null if this attempt does not prove one. */
  prove(attempt: Attempt): Promise<Approver | null>;
}

export function defineFactor(factor: Factor): Factor {
  return factor;
}
