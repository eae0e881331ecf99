import { setTimeout } from 'node:timers/promises';
import { VaultError } from '../../core/errors.ts';
import { maskedPreview } from '../../core/text.ts';
import type { DemoClient } from '../../mcp/client.ts';
import { connectClient } from '../../mcp/client.ts';
import { mainFile } from '../../platform/package.ts';
import { tap } from '../demo/tap.ts';
import { auditTable } from '../demo/table.ts';
import type { Sandbox } from '../demo/sandbox.ts';
import { openSandbox, value } from '../demo/sandbox.ts';
import { qrCode } from '../qr.ts';

export interface DemoOptions {
  /** Taps by itself. */
  readonly auto: boolean;
  /** Where the sandbox stays; null: a temporary folder that is removed. */
  readonly keep: string | null;
}

/** The whole way once, on the real server with a real MCP client: list, ask, tap, receive, remember, record. */
export async function demo(options: DemoOptions): Promise<number> {
  const sandbox = await openSandbox(options);
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  try {
    return await walk(options, sandbox, stop.signal);
  } finally {
    await sandbox.close();
  }
}

async function walk({ auto, keep }: DemoOptions, sandbox: Sandbox, stop: AbortSignal): Promise<number> {
  const { folder, env } = sandbox;
  let stderr = '';
  const client = await connectClient({
    command: process.execPath,
    args: [mainFile],
    cwd: folder,
    env,
    onStderr: (text) => (stderr += text),
  });
  stop.addEventListener('abort', () => void client.close());
  try {
    say(`Agent Vault demo: a sandbox vault in ${folder}${keep === null ? ' (removed at the end)' : ''}`);
    await list(client);
    await firstRead(client, auto);
    await secondRead(client);
  } catch (thrown) {
    // Ctrl-C reaches the server too, whose withdrawal may be heard before the signal.
    await setTimeout(100);
    if (stop.aborted) return interrupted;
    process.stderr.write(stderr);
    throw thrown;
  } finally {
    await client.close();
  }
  await showAudit(sandbox);
  if (keep !== null) say(`\nThe sandbox stays in ${folder}. Look again: sqlite3 agent-vault.db "SELECT * FROM audit"`);
  return 0;
}

/** The exit code of a command that was ended by Ctrl-C. */
const interrupted = 130;

async function list(client: DemoClient): Promise<void> {
  step(1, 'The agent lists what there is. Names only.');
  say((await client.call('list_secrets', {})).text);
}

async function firstRead(client: DemoClient, auto: boolean): Promise<void> {
  step(2, 'The agent asks for DATABASE_URL, with a reason. A person gets the link; the model never sees it.');
  const ask = {
    vault: 'sandbox',
    name: 'DATABASE_URL',
    reason: 'Demo: run the pending database migration on staging.',
  };
  const seen = new Set<string>();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const asked = client.call('get_secret', ask, (message) => {
    const url = /https?:\/\/\S+/u.exec(message)?.[0];
    if (url === undefined || seen.has(url)) return;
    seen.add(url);
    present(url, auto).catch(reject);
  });
  const answer = await Promise.race([asked, failed]);
  if (answer.status !== 'approved') throw refused(answer.text);
  step(3, 'Approved: the value came. (Shown masked here; the agent got all of it.)');
  say(`DATABASE_URL = ${maskedPreview(answer.text)}`);
  if (answer.text !== value) throw new VaultError('internal', 'the demo got another value than the one in its sandbox');
}

async function present(url: string, auto: boolean): Promise<void> {
  say(url);
  if (auto) {
    say('--auto: nobody is here to tap, so the demo posts the approval itself, over HTTP, as a browser would.');
    return tap(url);
  }
  say(await qrCode(url));
  if (url.startsWith('http:'))
    say('This link works on this machine only. With NGROK_AUTHTOKEN set, your phone can open it.');
  say('Waiting for your tap …');
}

async function secondRead(client: DemoClient): Promise<void> {
  step(4, 'The agent reads it again. The window of 5 minutes is open: no tap.');
  let asked = false;
  const ask = { vault: 'sandbox', name: 'DATABASE_URL', reason: 'Demo: the migration needs a second connection.' };
  const answer = await client.call('get_secret', ask, () => (asked = true));
  if (answer.status !== 'approved' || asked) throw refused(answer.text);
  say(`DATABASE_URL = ${maskedPreview(answer.text)}`);
}

async function showAudit({ database }: Sandbox): Promise<void> {
  step(5, 'What the audit log says (agent-vault.db, table audit).');
  say(await auditTable(database));
}

function refused(text: string): VaultError {
  return new VaultError('approval_unavailable', `the demo ended without the value: ${text}`, {
    hint: 'run it again and tap Approve',
  });
}

function step(number: number, text: string): void {
  say(`\n${number}. ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
