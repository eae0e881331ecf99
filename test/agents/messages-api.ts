import type { Call, Dialect, Heard, Offer } from './dialect.ts';
import { events, lastWords, serverName } from './dialect.ts';

interface MessagesRequest {
  readonly model: string;
  readonly tools?: readonly { readonly name: string; readonly description?: string }[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
}

interface Block {
  readonly type: string;
  readonly content?: string | readonly { readonly text?: string }[];
  readonly is_error?: boolean;
}

const prefix = `mcp__${serverName}__`;

/** Anthropic's Messages API, as Claude Code speaks it. */
export const messagesApi: Dialect = {
  path: /^\/v1\/messages(?:\?|$)/u,
  isTurn: (request) => offers(request as MessagesRequest).length > 0,
  offers: (request) => offers(request as MessagesRequest),
  heard: (request) => heard(request as MessagesRequest),
  reply: (call, request) => reply(call, request as MessagesRequest),
};

function offers({ tools = [] }: MessagesRequest): Offer[] {
  return tools
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, description = '' }) => ({ name: name.slice(prefix.length), called: name, description }));
}

function heard({ messages }: MessagesRequest): Heard[] {
  const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  return blocks
    .filter(({ type }) => type === 'tool_result')
    .map(({ content, is_error: isError = false }) => ({ raw: resultText(content), isError }));
}

function resultText(content: string | readonly { readonly text?: string }[] = ''): string {
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('\n');
}

function reply(call: Call | null, request: MessagesRequest): string {
  const called = offers(request).find(({ name }) => name === call?.tool)?.called;
  const id = `toolu_${request.messages.length}`;
  const [start, delta] =
    call === null
      ? [
          { type: 'text', text: '' },
          { type: 'text_delta', text: lastWords },
        ]
      : [
          { type: 'tool_use', id, name: called, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(call.args) },
        ];
  const message = { id: `msg_${request.messages.length}`, type: 'message', role: 'assistant', model: request.model };
  const usage = { input_tokens: 1, output_tokens: 1 };
  return events([
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage } },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: call === null ? 'end_turn' : 'tool_use', stop_sequence: null },
      usage,
    },
    { type: 'message_stop' },
  ]);
}
