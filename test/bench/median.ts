/** The median of `runs` measurements, after `warmUp` ones that do not count. */
export async function median(runs: number, measure: () => Promise<number>, warmUp = 2): Promise<number> {
  for (let run = 0; run < warmUp; run += 1) await measure();
  const found: number[] = [];
  for (let run = 0; run < runs; run += 1) found.push(await measure());
  return found.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN;
}

/** Milliseconds that some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
