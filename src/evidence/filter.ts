import { isoTime } from '../core/clock.ts';

/** Which rows are looked at; what is not given does not matter. Times are those of the wall clock, milliseconds. */
export interface Filter {
  /** From then on. */
  readonly since?: number;
  /** Before then. */
  readonly until?: number;
  readonly vault?: string;
  /** Of a secret. */
  readonly name?: string;
  readonly actions?: readonly string[];
  readonly session?: string;
  /** As the client calls itself, with or without its version. */
  readonly agent?: string;
  readonly approver?: string;
}

/** A condition of SQL, with what stands for its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

export function conditionOf(filter: Filter): Condition {
  const { since, until, vault, name, actions, session, agent, approver } = filter;
  const conditions = [
    equal('timestamp >= ?', since === undefined ? undefined : isoTime(since)),
    equal('timestamp < ?', until === undefined ? undefined : isoTime(until)),
    equal('vault = ?', vault),
    equal('secret_name = ?', name),
    oneOf('action', actions),
    equal('session = ?', session),
    agent === undefined ? always : { sql: `(agent = ? OR substr(agent, 1, ?) = ?)`, values: withVersion(agent) },
    equal('approver = ?', approver),
  ];
  return {
    sql: conditions.map(({ sql }) => sql).join(' AND '),
    values: conditions.flatMap(({ values }) => values),
  };
}

const always: Condition = { sql: '1', values: [] };

function equal(sql: string, value: string | undefined): Condition {
  return value === undefined ? always : { sql, values: [value] };
}

function oneOf(column: string, values: readonly string[] | undefined): Condition {
  return values === undefined ? always : { sql: `${column} IN (${values.map(() => '?').join(', ')})`, values };
}

/** SQLite counts code points. */
function withVersion(agent: string): (string | number)[] {
  return [agent, Array.from(agent).length + 1, `${agent} `];
}
