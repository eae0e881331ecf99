import type { Filter } from './filter.ts';
import { conditionOf } from './filter.ts';
import { withLog } from './log-file.ts';
import { textOf } from './stored-row.ts';

export interface Count {
  readonly what: string;
  readonly rows: number;
}

/** How often what happened. */
export interface Stats {
  readonly rows: number;
  /** Most frequent first. */
  readonly actions: readonly Count[];
  readonly vaults: readonly Count[];
  readonly agents: readonly Count[];
  /** Of UTC, oldest first. */
  readonly days: readonly Count[];
}

/** Rejects with `audit_unavailable`. */
export function statsOf(file: string, filter: Filter): Promise<Stats> {
  return withLog(file, (database) => {
    const { sql, values } = conditionOf(filter);
    const counts = (what: string, order: string): readonly Count[] =>
      database
        .prepare<(string | number)[], Record<string, unknown>>(
          `SELECT ${what} AS what, count(*) AS rows FROM audit WHERE ${sql} GROUP BY 1 ORDER BY ${order}`,
        )
        .all(...values)
        .map((row) => ({ what: textOf(row['what'] ?? ''), rows: Number(row['rows']) }));
    const days = counts('substr(timestamp, 1, 10)', '1');
    return {
      rows: days.reduce((sum, { rows }) => sum + rows, 0),
      actions: counts('action', '2 DESC, 1'),
      vaults: named(counts('vault', '2 DESC, 1')),
      agents: named(counts('agent', '2 DESC, 1')),
      days,
    };
  });
}

/** Without the rows that are about none: pairings, what decides about all of them. */
function named(counts: readonly Count[]): readonly Count[] {
  return counts.filter(({ what }) => what !== '');
}
