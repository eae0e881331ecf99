/** A row of the table `audit`. */
export type Row = Readonly<Record<string, unknown>>;

/** What agents received and what a person was told, outside of any process that may die: the log has to account for all of it. */
export class Book {
  readonly #values = new Map<string, number>();
  readonly #saved = new Map<string, number>();
  readonly #decisions = new Map<string, string>();

  /** An agent holds a value. @param agent the name that its client gave */
  received(agent: string, name: string): void {
    count(this.#values, key(agent, name));
  }

  /** An agent was told that a value was written. */
  saved(agent: string, name: string): void {
    count(this.#saved, key(agent, name));
  }

  /** A person was told that their decision counts. */
  decided(request: string, decision: 'approved' | 'denied'): void {
    this.#decisions.set(request, decision);
  }

  get totals(): { values: number; saved: number; decisions: number } {
    return { values: sum(this.#values), saved: sum(this.#saved), decisions: this.#decisions.size };
  }

  /** What happened and stands in no row; nothing, if all is well. */
  unaccounted(rows: readonly Row[]): string[] {
    const released = (operation: string): Map<string, number> => {
      const found = new Map<string, number>();
      for (const row of rows)
        if (row['operation'] === operation && (row['action'] === 'released' || row['action'] === 'auto_approved'))
          count(found, key(agentOf(row), String(row['secret_name'])));
      return found;
    };
    return [
      ...exceeding(this.#values, released('read'), 'received without a row'),
      ...exceeding(this.#saved, released('write'), 'written without a row'),
      ...this.#undecided(rows),
    ];
  }

  #undecided(rows: readonly Row[]): string[] {
    const decided = new Map(
      rows
        .filter(({ action }) => action === 'approved' || action === 'denied')
        .map(({ request_id: id, action }) => [String(id), action]),
    );
    return [...this.#decisions]
      .filter(([request, decision]) => decided.get(request) !== decision)
      .map(([request, decision]) => `${request} was ${decision} without a row`);
  }
}

/** The row has the client's version, too. */
function agentOf(row: Row): string {
  return String(row['agent']).replace(/ \S+$/u, '');
}

function key(agent: string, name: string): string {
  return `${name} by ${agent}`;
}

function count(counts: Map<string, number>, each: string): void {
  counts.set(each, (counts.get(each) ?? 0) + 1);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, each) => total + each, 0);
}

function exceeding(seen: ReadonlyMap<string, number>, rows: ReadonlyMap<string, number>, what: string): string[] {
  return [...seen].flatMap(([each, times]) => {
    const written = rows.get(each) ?? 0;
    return times > written ? [`${each}: ${times - written} ${what}`] : [];
  });
}
