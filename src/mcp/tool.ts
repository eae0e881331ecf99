import type { z } from 'zod';
import type { Broker } from '../core/broker.ts';
import type { Call } from '../core/ports.ts';
import type { Session } from '../core/request.ts';
import { argumentError } from './arguments.ts';
import type { ToolResult } from './results.ts';

/** What a tool works with during one call. */
export interface ToolContext {
  readonly broker: Broker;
  readonly session: Session;
  readonly call: Call;
}

/** One tool as the model sees it, and what it does. Annotations are hints to clients, never enforcement. */
export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  readonly input: Input;
  run(input: z.infer<Input>, context: ToolContext): Promise<ToolResult>;
}

/** A tool as the server sees it: arguments come as the client sent them. */
export interface AnyTool extends Omit<Tool, 'run'> {
  /** Parses the arguments; throws `input_invalid` with what is wrong. The call itself follows. */
  prepare(given: unknown): (context: ToolContext) => Promise<ToolResult>;
}

export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): AnyTool {
  return {
    ...tool,
    prepare: (given) => {
      const parsed = tool.input.safeParse(given);
      if (!parsed.success) throw argumentError(tool, parsed.error);
      return (context) => tool.run(parsed.data, context);
    },
  };
}
