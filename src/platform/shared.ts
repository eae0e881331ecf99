/**
 * Calls that come while `work` runs share its next run, which starts after they came: each gets a result no older than
 * itself, and however many come at once, one runs at a time.
 */
export function shared<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Result> | null = null;
  return () => {
    next ??= running.then(() => {
      const run = work();
      next = null;
      running = run.catch(() => undefined);
      return run;
    });
    return next;
  };
}
