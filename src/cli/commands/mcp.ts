import { homedir } from 'node:os';
import type { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { App, AppOptions } from '../../app.ts';
import { scrubEnvironment } from '../../platform/hardening.ts';
import { createLog } from '../../platform/log.ts';
import { packageVersion } from '../../platform/package.ts';
import { takeStdout } from '../../platform/stdout.ts';
import { serveMcp } from '../../mcp/server.ts';
import { usage } from '../specs.ts';

/** The MCP server over stdio, until stdin ends or a signal comes. */
export async function mcp(): Promise<number> {
  if (process.stdin.isTTY) {
    process.stdout.write(
      `${usage}\nThis is an MCP server: a client starts it and talks to it on stdin. Try "agent-vault demo".\n`,
    );
    return 0;
  }
  const output = takeStdout();
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  watchEnd(output, end);
  const log = createLog();
  // A copy: tokens leave the environment as soon as they have been read, and the config may be read again.
  const where = { cwd: process.cwd(), env: { ...process.env }, home: homedir() };
  const reload = (): Promise<Config> => loadConfig(where);
  const config = await reload();
  scrubEnvironment(config.tokens);
  for (const notice of config.notices) log.once(notice);
  const app = onFirstUse({ config, reload, log });
  const face = await serveMcp({
    open: app.open,
    log,
    version: packageVersion(),
    waitMs: config.approval.waitMs,
    input: process.stdin,
    output,
    onClose: () => end('the connection broke'),
  });
  const cause = await ended;
  // Answers that need nobody, to a client that has said all it had to say.
  await app.close(cause, () => atMost(answerMs, face.idle()));
  await atMost(answerMs, flushed(output));
  return 0;
}

/** The app, and with it every heavy module, is opened by the first call: some clients start a server just to probe it. */
function onFirstUse(options: AppOptions): { open: () => Promise<App>; close: App['close'] } {
  let opening: Promise<App> | null = null;
  const start = async (): Promise<App> => {
    const { openApp } = await import('../../app.ts');
    return openApp(options);
  };
  const forget = (): void => {
    opening = null;
  };
  return {
    open: () => {
      opening ??= start();
      // What could not be opened may be by the next call.
      opening.catch(forget);
      return opening;
    },
    close: async (cause, answers) => (opening === null ? answers() : (await opening).close(cause, answers)),
  };
}

/** stdin at its end, SIGINT, SIGTERM or SIGHUP; none of them ends a Node process with open handles by itself. */
function watchEnd(output: Writable, end: (cause: string) => void): void {
  const gone = (): void => end('the client closed the connection');
  // A client that is gone shows first where it should read.
  output.once('error', gone);
  process.stdin.once('end', gone).once('close', gone).once('error', gone);
  // For good: a second signal must not end the process while the first is being obeyed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(`ended by ${signal}`));
}

/** Milliseconds. A client that does not read must not keep us. */
const answerMs = 100;

function flushed(output: Writable): Promise<void> {
  return new Promise((resolve) => output.write('', () => resolve()));
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  await Promise.race([work, setTimeout(ms)]);
}
