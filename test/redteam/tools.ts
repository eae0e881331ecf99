import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Tool } from './attack.ts';

const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** What this machine lacks. */
export const missing: ReadonlySet<Tool> = new Set([
  ...(['gdb', 'faketime'] as const).filter((command) => !isThere(command)),
  ...(existsSync(chromium) ? [] : ['chromium' as const]),
]);

function isThere(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
