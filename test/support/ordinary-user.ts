const nobody = 65_534;

/** Runs as a user whom file permissions bind, since they do not bind root; vitest runs test files in processes, where this is possible. */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
