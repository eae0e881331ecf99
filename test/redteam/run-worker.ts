import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SetUp } from './attack.ts';
import type { Measurement } from './measurement.ts';
import { passwdLines } from './site.ts';

/** Puts a list of accounts in the place of the system's own, for one process and what it starts. */
const withAccounts = 'mount --bind "$0" /etc/passwd && exec "$@"';

/**
 * Measures one set-up in a namespace with accounts of its own, since the vault's state belongs to an account and not to what the
 * environment says. Without root there is one account, and nothing can be separated. Linux only.
 */
export async function runWorker(setUp: SetUp, only: string, tell: (measured: Measurement) => void): Promise<void> {
  const accounts = process.getuid?.() === 0 ? 'two' : 'one';
  if (accounts === 'one' && setUp === 'separate') return;
  const folder = await mkdtemp(join(tmpdir(), 'agent-vault-redteam-'));
  const passwd = join(folder, 'passwd');
  await writeFile(passwd, passwdLines(folder, accounts), { mode: 0o644 });
  const worker = [process.execPath, join(import.meta.dirname, 'worker.ts'), setUp, folder, only];
  const unshare = accounts === 'two' ? ['-m'] : ['-r', '-m'];
  const child = spawn('unshare', [...unshare, 'sh', '-c', withAccounts, passwd, ...worker], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, REDTEAM_ACCOUNTS: accounts },
  });
  child.on('error', () =>
    process.stderr.write('the red team needs Linux, with unshare, setpriv and script of util-linux\n'),
  );
  const closed = once(child, 'close').catch(() => [1]);
  for await (const line of createInterface(child.stdout)) tell(JSON.parse(line) as Measurement);
  const [code] = (await closed) as [number | null];
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  if (code !== 0) process.stderr.write(`the set-up "${setUp}" ended early\n`);
}
