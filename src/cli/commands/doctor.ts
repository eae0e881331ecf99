import { homedir } from 'node:os';
import { isSound, reportJson, reportText } from '../doctor/report.ts';

export interface DoctorOptions {
  /** For programs instead of people. */
  readonly json: boolean;
}

/** Says what works and what does not, and how far it protects. The exit code is 1 if something is broken. */
export async function doctor({ json }: DoctorOptions): Promise<number> {
  const { inspect } = await import('../../doctor/inspect.ts');
  const report = await inspect({ cwd: process.cwd(), env: { ...process.env }, home: homedir() });
  process.stdout.write(`${json ? reportJson(report) : reportText(report)}\n`);
  return isSound(report) ? 0 : 1;
}
