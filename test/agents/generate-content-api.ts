import type { Call, Dialect, Heard, Offer } from './dialect.ts';
import { events, lastWords, serverName } from './dialect.ts';

interface GenerateContentRequest {
  readonly contents: readonly { readonly parts: readonly Part[] }[];
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly { readonly name: string; readonly description: string }[];
  }[];
}

interface Part {
  readonly functionResponse?: { readonly response: { readonly output?: string; readonly error?: string } };
}

const prefix = `mcp_${serverName}_`;

/** Google's Gemini API, as Gemini CLI speaks it. */
export const generateContentApi: Dialect = {
  path: /:streamGenerateContent\b/u,
  isTurn: (request) => offers(request as GenerateContentRequest).length > 0,
  offers: (request) => offers(request as GenerateContentRequest),
  heard: (request) => heard(request as GenerateContentRequest),
  reply: (call, request) => reply(call, request as GenerateContentRequest),
};

function offers({ tools = [] }: GenerateContentRequest): Offer[] {
  return tools
    .flatMap(({ functionDeclarations = [] }) => functionDeclarations)
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, description }) => ({ name: name.slice(prefix.length), called: name, description }));
}

function heard({ contents }: GenerateContentRequest): Heard[] {
  return contents
    .flatMap(({ parts }) => parts.flatMap(({ functionResponse }) => functionResponse ?? []))
    .map(({ response: { output, error } }) => ({ raw: output ?? error ?? '', isError: error !== undefined }));
}

function reply(call: Call | null, request: GenerateContentRequest): string {
  const called = offers(request).find(({ name }) => name === call?.tool)?.called;
  const part = call === null ? { text: lastWords } : { functionCall: { name: called, args: call.args } };
  const candidate = { index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' };
  const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
  return events([{ candidates: [candidate], usageMetadata }]);
}
