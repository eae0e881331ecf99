import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { Announcement, Call, Log } from '../core/ports.ts';
import type { Channels } from './announce.ts';
import { announce, typed } from './announce.ts';

export interface CallOptions {
  // See server.ts.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  readonly server: Server;
  readonly extra: RequestHandlerExtra<ServerRequest, ServerNotification>;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly agent: string;
  /** Of the connection; see `Channels`. */
  readonly dialogs: Set<string>;
  readonly budgetMs: number;
}

/** One tool call as the broker sees it. */
export function createCall(options: CallOptions): Call {
  const { signal, budgetMs } = options;
  return {
    signal,
    budgetMs,
    cancelledByPerson: () => isPerson(signal.reason),
    announce: (announcement) => announce(announcement, channels(options)),
  };
}

/** Claude Code's Esc. Codex gives one reason for its time-out and for a person, so that it counts as a time-out. */
function isPerson(reason: unknown): boolean {
  return typeof reason === 'string' && /user-cancel/u.test(reason);
}

function channels({ server, extra, log, agent, dialogs }: CallOptions): Channels {
  const { requestId: relatedRequestId } = extra;
  const token = extra._meta?.progressToken;
  const declared = server.getClientCapabilities()?.elicitation?.url !== undefined;
  const progress = (count: number, message: string): void => {
    if (token === undefined) return;
    const params = { progressToken: token, progress: count, message };
    extra.sendNotification({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  return {
    log,
    dialogs,
    agent,
    elicit: declared ? (announcement, signal) => elicit(server, announcement, { signal, relatedRequestId }) : null,
    complete: async (id) => {
      try {
        await server.createElicitationCompletionNotifier(id, { relatedRequestId })();
      } catch {
        // The client has gone, or declares no dialogs any more.
      }
    },
    progress: token === undefined ? null : progress,
  };
}

/** The SDK's own time-out for requests to the client is 60 seconds; ours is the request's expiry. */
async function elicit(
  server: CallOptions['server'],
  announcement: Announcement,
  options: { signal: AbortSignal; relatedRequestId: string | number },
): Promise<'accept' | 'decline' | 'cancel'> {
  const { url, summary, requestId, expiresAt } = announcement;
  const timeout = Math.max(1, expiresAt - Date.now());
  const message = `Approve or deny${typed(announcement)}: ${summary}`;
  const params = { mode: 'url', elicitationId: requestId, url, message } as const;
  const { action } = await server.elicitInput(params, { ...options, timeout });
  return action;
}
