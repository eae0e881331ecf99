import type { Call, Dialect, Heard, Offer } from './dialect.ts';
import { events, lastWords, serverName } from './dialect.ts';

interface ResponsesRequest {
  readonly tools?: readonly ResponsesTool[];
  readonly input: readonly Item[];
}

interface ResponsesTool {
  readonly type: string;
  readonly name?: string;
  readonly description?: string;
  readonly tools?: readonly ResponsesTool[];
}

interface Item {
  readonly type: string;
  /** Of a tool's output: whatever the client puts round the result comes first. */
  readonly output?: string | readonly { readonly text: string }[];
  readonly tools?: readonly ResponsesTool[];
}

/** Codex makes identifiers of names. */
const namespace = `mcp__${serverName.replaceAll('-', '_')}`;

/** OpenAI's Responses API, for a model that calls tools one by one: a server's tools are a namespace, described by its instructions. */
export const responsesApi: Dialect = {
  path: /^\/v1\/responses$/u,
  isTurn: (request) => namespaced(request as ResponsesRequest).length > 0,
  offers: (request) => namespaced(request as ResponsesRequest),
  // Whether it was an error is not told.
  heard: (request) => outputs(request as ResponsesRequest, 'function_call').map((raw) => ({ raw, isError: null })),
  reply: (call, request) => said(request as ResponsesRequest, call === null ? null : directCall(call)),
};

/**
 * The same for a model that writes scripts which call tools, as Codex's default model does. Such a model reads of our tools
 * only when it looks for them, which is therefore the first thing it does here.
 */
export const responsesApiWithScripts: Dialect = {
  path: responsesApi.path,
  isTurn: (request) => toolsOf(request as ResponsesRequest).some(({ name }) => name === 'exec'),
  offers: (request) => found(outputs(request as ResponsesRequest, 'custom_tool_call')[0] ?? '[]'),
  heard: (request) =>
    outputs(request as ResponsesRequest, 'custom_tool_call')
      .slice(1)
      .map(scripted),
  reply: (call, request) => said(request as ResponsesRequest, call === null ? null : script(call, request)),
};

function namespaced(request: ResponsesRequest): Offer[] {
  const ours = toolsOf(request).filter(({ within }) => within === namespace);
  return ours.map(({ name, description }) => ({ name, called: name, description }));
}

/** All tools of a request, those within namespaces too, wherever it has them. */
function toolsOf({ tools = [], input }: ResponsesRequest): { name: string; within: string; description: string }[] {
  const all = [...tools, ...input.flatMap((item) => item.tools ?? [])];
  return all.flatMap(({ name: within = '', tools: inner = [] }) =>
    inner.map(({ name = '', description = '' }) => ({ name, within, description })),
  );
}

/** The last part of each output: those before it are the client's own, such as how long it took. */
function outputs({ input }: ResponsesRequest, kind: 'function_call' | 'custom_tool_call'): string[] {
  return input
    .filter(({ type }) => type === `${kind}_output`)
    .map(({ output = '' }) => (typeof output === 'string' ? output : (output.at(-1)?.text ?? '')));
}

function directCall({ tool, args }: Call): object {
  return { type: 'function_call', namespace, name: tool, arguments: JSON.stringify(args) };
}

const look = `text(ALL_TOOLS.filter(({ name }) => name.startsWith('${namespace}__')))`;

/** Everything that a tool returns to a script is handed on to the model. */
function script({ tool, args }: Call, request: unknown): object {
  const called = responsesApiWithScripts.offers(request).find(({ name }) => name === tool)?.called;
  const input = called === undefined ? look : `text(await tools.${called}(${JSON.stringify(args)}))`;
  return { type: 'custom_tool_call', name: 'exec', input };
}

function found(list: string): Offer[] {
  const tools = JSON.parse(list) as { name: string; description: string }[];
  return tools.map(({ name, description }) => ({
    name: name.slice(`${namespace}__`.length),
    called: name,
    description,
  }));
}

function scripted(raw: string): Heard {
  const { isError = false } = JSON.parse(raw) as { isError?: boolean };
  return { raw, isError };
}

function said({ input }: ResponsesRequest, call: object | null): string {
  const id = `turn_${input.length}`;
  const words = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: lastWords }] };
  const item = call === null ? words : { ...call, call_id: `call_${input.length}` };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  return events([
    { type: 'response.created', response: { id } },
    { type: 'response.output_item.done', item },
    { type: 'response.completed', response: { id, usage } },
  ]);
}
