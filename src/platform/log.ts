import type { Log } from '../core/ports.ts';
import { oneLine, shortened } from '../core/text.ts';

/** Code points of one line: enough for any message of ours, too few for quoted text to flood a terminal. */
const limit = 2000;

/**
 * A log on stderr, where clients show or keep it; stdout carries the protocol. Every message is one line, whatever it quotes.
 * @param write takes whole lines; what it throws is ignored, because a log that nobody reads must not stop the work.
 */
export function createLog(write: (text: string) => void = toStderr()): Log {
  const said = new Set<string>();
  const say = (message: string): void => quietly(write, plain(message));
  const warn = (message: string, hint?: string): void => quietly(write, lines(message, hint));
  const once = (message: string, hint?: string): void => {
    const text = lines(message, hint);
    if (said.has(text)) return;
    said.add(text);
    quietly(write, text);
  };
  return { say, warn, once };
}

function lines(message: string, hint: string | undefined): string {
  return plain(`warning: ${message}`) + (hint === undefined ? '' : plain(`hint: ${hint}`));
}

function plain(text: string): string {
  return `agent-vault: ${shortened(oneLine(text), limit)}\n`;
}

function quietly(write: (text: string) => void, text: string): void {
  try {
    write(text);
  } catch {
    // Nobody is left to tell.
  }
}

let guarded = false;

/** A client that closes our stderr makes the stream emit EPIPE; without a listener that would end the process. */
function toStderr(): (text: string) => void {
  if (!guarded) process.stderr.on('error', () => undefined);
  guarded = true;
  return (text) => process.stderr.write(text);
}
