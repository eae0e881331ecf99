import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { childFlags } from '../platform/child.ts';
import { isNews } from './ngrok-messages.ts';
import type { NgrokNews, NgrokOrder } from './ngrok-messages.ts';

/** One run of the client, from its start until it is ended or gives up. */
export interface NgrokProcess {
  /** Asks it to take the endpoint offline; resolves when it has ended. */
  close(): Promise<void>;
  /** Ends it at once, whatever it is doing. */
  kill(): void;
}

export interface NgrokEvents {
  news(news: NgrokNews): void;
  /** It has ended, whyever; nothing follows. */
  ended(): void;
}

/** What the client may need of our environment. The rest can hold secrets, and any process of this user can read it. */
const passedOn = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'SystemRoot',
  'TMPDIR',
  'TEMP',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
];

export function startNgrok(order: NgrokOrder, events: NgrokEvents): NgrokProcess {
  const child = fork(fileURLToPath(entry()), [], {
    env: Object.fromEntries(
      passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
    execArgv: [...childFlags()],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = whenGone(child);
  void gone.then(() => events.ended());
  child.on('message', (message) => {
    if (!isNews(message)) return;
    if (message.kind === 'online') letGo(child);
    events.news(message);
  });
  tell(child, order);
  return {
    close: async () => {
      child.ref();
      tell(child, 'close');
      await gone;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** An open tunnel alone does not keep this process alive. */
function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

function whenGone(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** A message that cannot be sent means that the process is ending, which is heard of anyway. */
function tell(child: ChildProcess, message: object | string): void {
  if (child.connected) child.send(message, () => undefined);
}

/** Beside this file in the source; in the bundle, beside the entry or one folder up from the chunks. */
function entry(): URL {
  const source = new URL('./ngrok-child.ts', import.meta.url);
  const bundled = ['./ngrok-child.js', '../ngrok-child.js'].map((path) => new URL(path, import.meta.url));
  return [source, ...bundled].find((url) => existsSync(url)) ?? source;
}
