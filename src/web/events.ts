import type { ServerResponse } from 'node:http';
import type { Board } from '../core/board.ts';
import type { Clock } from '../core/clock.ts';
import { Repeating } from '../core/repeating.ts';

/** Tells open home pages that something changed. What it was, the streams do not say. */
export interface Events {
  /**
   * Takes the response over until the browser leaves, or may listen no more. Beyond five, the oldest stream ends.
   * @param mayListen asked before anything is sent; rejecting counts as no
   */
  open(response: ServerResponse, mayListen: () => Promise<boolean>): void;
  /** Ends the streams of whoever may listen no more. */
  sweep(): Promise<void>;
}

const most = 5;
const heartbeatMs = 20_000;
/** Changes that follow one another this fast are told as one, in milliseconds: each costs a look of every page, and a tunnel has a quota. */
const settleMs = 500;

export function createEvents(board: Board, clock: Clock): Events {
  const streams = new Set<Stream>();
  return {
    open(response, mayListen) {
      const [oldest] = streams;
      if (streams.size >= most) oldest?.end();
      const stream = openStream({ response, mayListen, clock, onEnd: () => streams.delete(stream) });
      streams.add(stream);
      stream.follow(board);
    },
    async sweep() {
      await Promise.all([...streams].map((stream) => stream.send('')));
    },
  };
}

interface Stream {
  follow(board: Board): void;
  send(text: string): Promise<void>;
  end(): void;
}

interface StreamOptions {
  readonly response: ServerResponse;
  readonly mayListen: () => Promise<boolean>;
  readonly clock: Clock;
  readonly onEnd: () => void;
}

function openStream({ response, mayListen, clock, onEnd }: StreamOptions): Stream {
  let isOpen = true;
  let settling: (() => void) | null = null;
  let unfollow = (): void => undefined;

  const leave = (): void => {
    isOpen = false;
    heart.stop();
    settling?.();
    unfollow();
    onEnd();
  };
  const end = (): void => {
    leave();
    response.end();
  };
  /** To a browser that does not read, nothing is piled up: told of one change, it looks at everything. */
  const send = async (text: string): Promise<void> => {
    const may = await mayListen().catch(() => false);
    if (!isOpen) return;
    if (!may) end();
    else if (text !== '' && !response.writableNeedDrain) response.write(text);
  };
  const heart = new Repeating(clock, { due: () => (isOpen ? heartbeatMs : null), run: () => void send(': here\n\n') });
  const tell = (): void => {
    settling = null;
    void send('event: change\ndata:\n\n');
  };

  return {
    follow(board) {
      response.once('close', leave);
      unfollow = board.onChange(() => (settling ??= clock.after(settleMs, tell)));
      heart.start();
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }).write(': here\n\n');
    },
    send,
    end,
  };
}
