import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled code between starts: a client waits for `initialize` every time. In the account's own cache folder, mode 0700,
 * because Node runs what lies there; a shared temporary folder, or one that the environment names, could be somebody else's.
 */
export function useCompileCache(): void {
  try {
    const { homedir, uid } = userInfo();
    const folder = join(homedir, '.cache', 'agent-vault');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (uid !== -1 && statSync(folder).uid !== uid) return;
    chmodSync(folder, 0o700);
    enableCompileCache(folder);
  } catch {
    // Without a cache the start takes longer; that is all.
  }
}
