import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';

export interface ClientOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the server says on stderr. */
  readonly onStderr: (text: string) => void;
}

/** A tool's result: its text, and the status that the server put beside it (null for a listing). */
export interface Answer {
  readonly text: string;
  readonly status: string | null;
}

/** An MCP client over stdio, for the demo. */
export interface DemoClient {
  /** @param onProgress gets the messages that reach a person while the call waits. */
  call(tool: string, args: Record<string, unknown>, onProgress?: (message: string) => void): Promise<Answer>;
  close(): Promise<void>;
}

const result = z.object({
  content: z.array(z.object({ text: z.string() })),
  _meta: z.object({ 'agent-vault/status': z.string().optional() }).optional(),
});

/** The page can stay open for ten minutes; the demo waits as long. */
const timeout = 10 * 60_000;

export async function connectClient({ command, args, cwd, env, onStderr }: ClientOptions): Promise<DemoClient> {
  const transport = new StdioClientTransport({ command, args: [...args], cwd, env: { ...env }, stderr: 'pipe' });
  transport.stderr?.on('data', (chunk: Buffer) => onStderr(chunk.toString()));
  const client = new Client({ name: 'agent-vault-demo', version: '1' });
  await client.connect(transport);
  return {
    async call(name, given, onProgress) {
      const onprogress = ({ message }: { message?: string | undefined }): void => onProgress?.(message ?? '');
      const answer = result.parse(
        await client.callTool({ name, arguments: given }, undefined, { timeout, onprogress }),
      );
      const text = answer.content.map((part) => part.text).join('\n');
      return { text, status: answer._meta?.['agent-vault/status'] ?? null };
    },
    close: () => client.close(),
  };
}
