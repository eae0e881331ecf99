import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const hasStrace = spawnSync('strace', ['-V']).status === 0;

export interface Injection {
  /** Whose calls fail, by its path. */
  readonly file: string;
  readonly calls: readonly string[];
  readonly error: string;
  /** Which of the calls fail: "7", or "7+" for all from that one on. */
  readonly when: string;
  /** Where strace writes down what it has seen. */
  readonly trace: string;
}

/** What to start a program with, so that calls of the system fail in it. */
export function straced({ file, calls, error, when, trace }: Injection): [string, ...string[]] {
  const inject = calls.flatMap((call) => ['-e', `inject=${call}:error=${error}:when=${when}`]);
  return ['strace', '-f', '-qq', '-o', trace, '-P', file, '-e', `trace=${calls.join(',')}`, ...inject];
}

/** How many calls have failed. */
export function injected(trace: string): number {
  return readFileSync(trace, 'utf8').match(/\(INJECTED\)/gu)?.length ?? 0;
}
