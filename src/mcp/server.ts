import type { Readable, Writable } from 'node:stream';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { ServerNotification, ServerRequest, Tool as ToolListing } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { Broker } from '../core/broker.ts';
import { VaultError } from '../core/errors.ts';
import type { Log, Random } from '../core/ports.ts';
import type { Session } from '../core/request.ts';
import { budgetMs } from './budget.ts';
import { watchCancels } from './cancels.ts';
import { createCall } from './call.ts';
import { instructions } from './instructions.ts';
import { WholeLines } from './lines.ts';
import type { ToolResult } from './results.ts';
import { failureResult } from './results.ts';
import { createSession } from './session.ts';
import type { AnyTool, ToolContext } from './tool.ts';
import { tools } from './tools/all.ts';

export interface McpOptions {
  /** Called with the first call, so that `initialize` waits for nothing. */
  readonly open: () => Promise<Opened>;
  readonly log: Log;
  readonly version: string;
  /** Milliseconds one call may block; null goes by the client's name. */
  readonly waitMs: number | null;
  readonly input: Readable;
  readonly output: Writable;
  /** The connection is over: nothing more will be heard. */
  readonly onClose: () => void;
}

/** What a call needs. */
export interface Opened {
  readonly broker: Broker;
  readonly random: Random;
}

export interface McpFace {
  /** Resolves when the calls that are running have been answered. */
  idle(): Promise<void>;
}

/** A batch of 200 values of 64 KiB each must fit, even if each byte is written as an escape of six. Bytes. */
const longestMessage = 96 * 1024 * 1024;

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Speaks MCP over stdio. Every tool goes through one path: parse, run, translate. */
export async function serveMcp(options: McpOptions): Promise<McpFace> {
  const { open, log, version, waitMs } = options;
  // McpServer would bring its own schemas, validation and words; this is the SDK's advanced use, for which Server stays.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const server = new Server(
    { name: 'agent-vault', title: 'Agent Vault', version },
    { capabilities: { tools: {} }, instructions },
  );
  const lines = options.input.pipe(new WholeLines(longestMessage));
  // Whatever ends the reading: without it, nothing must be decided or written any more.
  lines.once('error', () => {
    log.warn('the client sent a message of more than 96 MiB; the session ends');
    options.onClose();
  });
  // Of one piece of input, the SDK may hold the line and what came before it.
  const transport = new StdioServerTransport(lines, options.output, { maxBufferSize: 2 * longestMessage });
  const cancels = watchCancels(transport);
  const running = new Set<Promise<unknown>>();
  const dialogs = new Set<string>();
  let session: Session | null = null;
  server.onclose = () => options.onClose();
  server.onerror = () => log.once('the client sent something that is not a message of MCP; it gets no answer');
  // Keeps every elicitation from JSON-RPC id 0, which clients built on the SDK cannot cancel.
  server.oninitialized = () => void server.ping().catch(() => undefined);
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(listing) }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra: Extra) => {
    const run = async (): Promise<ToolResult> => {
      const start = prepared(params.name, params.arguments ?? {});
      const { broker, random } = await open();
      const client = server.getClientVersion();
      session ??= createSession(client, random);
      const signal = cancels.signal(extra.requestId);
      const budget = budgetMs(client?.name ?? '', waitMs);
      const call = createCall({ server, extra, signal, log, agent: session.agent, dialogs, budgetMs: budget });
      return start({ broker, session, call });
    };
    const answer = run().catch((thrown: unknown) => failureResult(explained(thrown, log)));
    running.add(answer);
    return answer.finally(() => {
      running.delete(answer);
      cancels.answered(extra.requestId);
    });
  });
  await server.connect(transport);
  return {
    async idle() {
      await Promise.allSettled(running);
    },
  };
}

function prepared(name: string, given: unknown): (context: ToolContext) => Promise<ToolResult> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool.prepare(given);
  const names = tools.map((each) => each.name).join(', ');
  throw new VaultError('input_invalid', `there is no such tool; there are ${names}`);
}

/** A bug is shown to the agent as one, with a number that finds it on stderr; its text may be foreign and stays there. */
function explained(thrown: unknown, log: Log): VaultError {
  if (thrown instanceof VaultError) {
    if (thrown.hint !== undefined) log.once(thrown.message, thrown.hint);
    return thrown;
  }
  const reference = Math.random().toString(36).slice(2, 8);
  const kind =
    thrown instanceof Error
      ? `${thrown.name} at ${thrown.stack?.split('\n')[1]?.trim() ?? 'an unknown place'}`
      : typeof thrown;
  log.warn(`internal error ${reference}: ${kind}`);
  return new VaultError('internal', `an internal error (reference ${reference}); nothing was released`);
}

function listing(tool: AnyTool): ToolListing {
  const { name, title, description, annotations, input } = tool;
  const inputSchema = z.toJSONSchema(input) as ToolListing['inputSchema'];
  return { name, title, description, annotations, inputSchema };
}
