/** A decision as it was posted. Nothing in it has been proved. */
export interface DecisionForm {
  readonly csrf: string;
  readonly approve: boolean;
  /** The fields of the approver's factor. */
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Reads a form strictly: `csrf`, `decision` and the factor's own fields, each at most once, and no other.
 * @returns null for anything else
 */
export function readForm(body: unknown, extra: readonly string[]): DecisionForm | null {
  if (typeof body !== 'string') return null;
  const pairs = [...new URLSearchParams(body)];
  const fields = new Map(pairs);
  const known = new Set(['csrf', 'decision', ...extra]);
  if (fields.size !== pairs.length || pairs.some(([name]) => !known.has(name))) return null;
  const [csrf, decision] = [fields.get('csrf'), fields.get('decision')];
  if (csrf === undefined || (decision !== 'approve' && decision !== 'deny')) return null;
  return { csrf, approve: decision === 'approve', fields: new Map(pairs.filter(([name]) => extra.includes(name))) };
}
